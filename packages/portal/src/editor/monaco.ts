import * as monaco from 'monaco-editor/esm/vs/editor/edcore.main';
import { getKustoWorker, kustoDefaults } from '@kusto/monaco-kusto';
import KustoWorker from '@kusto/monaco-kusto/release/esm/kusto.worker?worker';
import EditorWorker from 'monaco-editor/esm/vs/editor/editor.worker?worker';
import { constructStyles } from './constructed-styles.js';

// Everything here is one chunk that is loaded after the page stands.

constructStyles(document);

self.MonacoEnvironment = {
  getWorker: (_moduleId, label) =>
    label === 'kusto' ? new KustoWorker({ name: 'kql' }) : new EditorWorker({ name: 'editor' }),
};

kustoDefaults.setLanguageSettings({
  ...kustoDefaults.languageSettings,
  // Colours at once from tokens, then better ones from the language service.
  useTokenColorization: true,
  useSemanticColorization: true,
  includeControlCommands: false,
  newlineAfterPipe: true,
  openSuggestionDialogAfterPreviousSuggestionAccepted: true,
  enableHover: true,
});

/** Colours of a theme; the same as the kql-* tokens in styles/tokens.css. */
interface Palette {
  readonly base: 'vs' | 'vs-dark';
  readonly text: string;
  readonly comment: string;
  readonly operator: string;
  readonly keyword: string;
  readonly function: string;
  readonly string: string;
  readonly number: string;
  readonly name: string;
  readonly surface: string;
  readonly line: string;
  readonly accent: string;
  readonly muted: string;
  readonly raised: string;
}

const light: Palette = {
  base: 'vs',
  text: '1c2230',
  comment: '687385',
  operator: '2458c5',
  keyword: '2458c5',
  function: '7a3fc0',
  string: 'a13d2b',
  number: '0b6e5f',
  name: '0a5a78',
  surface: 'ffffff',
  line: 'f4f6f9',
  accent: '2f6feb',
  muted: '9aa4b2',
  raised: 'ffffff',
};

const dark: Palette = {
  base: 'vs-dark',
  text: 'dfe4ec',
  comment: '8b95a5',
  operator: '7fb0ff',
  keyword: '7fb0ff',
  function: 'c4a2ff',
  string: 'f0a88f',
  number: '6fd3bd',
  name: '8fd0ea',
  surface: '12161d',
  line: '191e27',
  accent: '5b8ff5',
  muted: '5d6778',
  raised: '1b212b',
};

function define(name: string, palette: Palette): void {
  const rules: [string, string][] = [
    ['', palette.text],
    ['comment', palette.comment],
    ['operator.sql', palette.operator],
    ['keyword', palette.keyword],
    ['operator.scss', palette.keyword],
    ['function', palette.function],
    ['string', palette.string],
    ['number', palette.number],
    ['type', palette.keyword],
    ['tag', palette.keyword],
    ['variable', palette.name],
    ['variable.predefined', palette.function],
    ['variable.parameter', palette.name],
    ['annotation', palette.number],
  ];
  monaco.editor.defineTheme(name, {
    base: palette.base,
    inherit: true,
    rules: rules.map(([token, foreground]) => ({ token, foreground })),
    colors: {
      'editor.background': `#${palette.surface}`,
      'editor.foreground': `#${palette.text}`,
      'editor.lineHighlightBackground': `#${palette.line}`,
      'editor.lineHighlightBorder': '#00000000',
      'editor.selectionHighlightBackground': `#${palette.accent}14`,
      'editorLineNumber.foreground': `#${palette.muted}`,
      'editorLineNumber.activeForeground': `#${palette.text}`,
      'editorCursor.foreground': `#${palette.accent}`,
      'editorWidget.background': `#${palette.raised}`,
      'editorSuggestWidget.background': `#${palette.raised}`,
      'editorHoverWidget.background': `#${palette.raised}`,
      'editorSuggestWidget.selectedBackground': `#${palette.accent}33`,
      'editorSuggestWidget.selectedForeground': `#${palette.text}`,
      'editorSuggestWidget.highlightForeground': `#${palette.accent}`,
      'editorSuggestWidget.focusHighlightForeground': `#${palette.accent}`,
      'scrollbar.shadow': '#00000000',
      focusBorder: '#00000000',
    },
  });
}

define('strongroom-light', light);
define('strongroom-dark', dark);

export { getKustoWorker, monaco };
