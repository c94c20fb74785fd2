import type { editor } from 'monaco-editor/esm/vs/editor/editor.api';
import type { Ref } from 'react';
import { useEffect, useImperativeHandle, useRef, useState } from 'react';
import type { WorkspaceSchema } from '../logic/metadata.js';
import { editorSchema } from '../logic/metadata.js';
import type { Problem } from '../logic/problems.js';
import type { QueryPart } from '../logic/query-text.js';
import { queryAt } from '../logic/query-text.js';

type Monaco = typeof import('./monaco.js');

/** What the page asks of the editor. */
export interface EditorHandle {
  /** The selected text, or the query at the cursor. */
  current(): QueryPart;
  /** Puts text at the cursor, or in place of the selection. */
  insert(text: string): void;
  /** Replaces everything; can be undone. */
  replace(text: string): void;
  /** Selects a place and brings it into view. */
  reveal(start: number, length: number): void;
  focus(): void;
}

export interface PlacedProblem extends Problem {
  /** Where in the editor's whole text the query that was sent began. */
  readonly base: number;
}

interface QueryEditorProps {
  readonly initialText: string;
  readonly dark: boolean;
  readonly workspaceName: string;
  readonly schema: WorkspaceSchema | undefined;
  readonly problems: readonly PlacedProblem[];
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  readonly handle: Ref<EditorHandle>;
}

const markerOwner = 'strongroom';

/**
 * The query editor. A plain text area stands first and takes queries at once; Monaco with KQL's
 * language service replaces it when it has loaded, and does not where it cannot load.
 */
export function QueryEditor(props: QueryEditorProps) {
  const { initialText, dark, workspaceName, schema, problems, handle } = props;
  const place = useRef<HTMLDivElement>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const code = useRef<editor.IStandaloneCodeEditor>(null);
  const loaded = useRef<Monaco>(null);
  const [ready, setReady] = useState(false);
  const callbacks = useRef(props);
  useEffect(() => {
    callbacks.current = props;
  });

  useEffect(() => {
    let ended = false;
    let dispose: (() => void) | undefined;
    const load = async (): Promise<void> => {
      const kit = await import('./monaco.js');
      if (ended || !place.current) return;
      const { monaco } = kit;
      monaco.editor.setTheme(callbacks.current.dark ? 'strongroom-dark' : 'strongroom-light');
      const text = plain.current?.value ?? callbacks.current.initialText;
      const hadFocus = document.activeElement === plain.current;
      const model = monaco.editor.createModel(text, 'kusto');
      const made = monaco.editor.create(place.current, {
        model,
        ariaLabel: 'Query editor',
        automaticLayout: true,
        fixedOverflowWidgets: true,
        folding: false,
        fontFamily: "'JetBrains Mono Variable', ui-monospace, monospace",
        fontSize: 13,
        lineHeight: 20,
        glyphMargin: false,
        lineDecorationsWidth: 12,
        lineNumbersMinChars: 3,
        minimap: { enabled: false },
        overviewRulerLanes: 0,
        hideCursorInOverviewRuler: true,
        occurrencesHighlight: 'off',
        padding: { top: 10, bottom: 10 },
        quickSuggestions: { other: true, comments: false, strings: false },
        renderLineHighlight: 'line',
        renderLineHighlightOnlyWhenFocus: true,
        scrollBeyondLastLine: false,
        scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, useShadows: false },
        suggestSelection: 'first',
        wordWrap: 'on',
        tabSize: 4,
        // A menu in a shadow root would need a style element of its own there.
        useShadowDOM: false,
      });
      // Metrics are measured once; a font that arrives later would shift the cursor.
      void document.fonts.ready.then(() => monaco.editor.remeasureFonts());
      const runQuery = (): void => {
        made.trigger('portal', 'hideSuggestWidget', {});
        callbacks.current.onRun();
      };
      made.addCommand(monaco.KeyMod.Shift | monaco.KeyCode.Enter, runQuery);
      made.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, runQuery);
      const subscription = model.onDidChangeContent(() => {
        // A squiggle of the server's is about text that is no longer there.
        monaco.editor.setModelMarkers(model, markerOwner, []);
        callbacks.current.onChange(model.getValue());
      });
      code.current = made;
      loaded.current = kit;
      dispose = () => {
        subscription.dispose();
        made.dispose();
        model.dispose();
      };
      if (hadFocus) made.focus();
      setReady(true);
    };
    load().catch((error: unknown) => {
      // The plain text area stays and works; the reason is for whoever looks into it.
      console.error('the query editor did not load', error);
    });
    return () => {
      ended = true;
      dispose?.();
      code.current = null;
      loaded.current = null;
      setReady(false);
    };
  }, []);

  useEffect(() => {
    if (!ready) return;
    loaded.current?.monaco.editor.setTheme(dark ? 'strongroom-dark' : 'strongroom-light');
  }, [dark, ready]);

  useEffect(() => {
    const kit = loaded.current;
    const model = code.current?.getModel();
    if (!ready || !kit || !model || !schema) return;
    const send = async (): Promise<void> => {
      const accessor = await kit.getKustoWorker();
      if (model.isDisposed()) return;
      const worker = await accessor(model.uri);
      await worker.setSchema(editorSchema(schema, workspaceName));
    };
    send().catch((error: unknown) => console.error('the schema did not reach the editor', error));
  }, [ready, schema, workspaceName]);

  useEffect(() => {
    const kit = loaded.current;
    const model = code.current?.getModel();
    if (!ready || !kit || !model) return;
    const markers = problems.flatMap((problem) => {
      if (!problem.place) return [];
      const start = model.getPositionAt(problem.base + problem.place.start);
      const end = model.getPositionAt(
        problem.base + problem.place.start + Math.max(1, problem.place.length),
      );
      return [
        {
          severity: kit.monaco.MarkerSeverity.Error,
          message: problem.hint ? `${problem.message}\n${problem.hint}` : problem.message,
          code: problem.code,
          source: 'Strongroom',
          startLineNumber: start.lineNumber,
          startColumn: start.column,
          endLineNumber: end.lineNumber,
          endColumn: end.column,
        },
      ];
    });
    kit.monaco.editor.setModelMarkers(model, markerOwner, markers);
  }, [ready, problems]);

  useImperativeHandle(handle, () => ({
    current() {
      const model = code.current?.getModel();
      const selection = code.current?.getSelection();
      if (model && selection) {
        // Server and markers count the same text, whatever its line ends.
        const text = model.getValue();
        if (!selection.isEmpty()) {
          const start = model.getOffsetAt(selection.getStartPosition());
          return { text: model.getValueInRange(selection), start };
        }
        return queryAt(text, model.getOffsetAt(selection.getPosition()));
      }
      const area = plain.current;
      if (!area) return { text: '', start: 0 };
      const { selectionStart, selectionEnd, value } = area;
      if (selectionStart < selectionEnd)
        return { text: value.slice(selectionStart, selectionEnd), start: selectionStart };
      return queryAt(value, selectionStart);
    },
    insert(text) {
      const made = code.current;
      const selection = made?.getSelection();
      if (made && selection) {
        made.executeEdits('portal', [{ range: selection, text, forceMoveMarkers: true }]);
        made.focus();
        return;
      }
      const area = plain.current;
      if (!area) return;
      area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
      area.focus();
      callbacks.current.onChange(area.value);
    },
    replace(text) {
      const made = code.current;
      const model = made?.getModel();
      if (made && model) {
        made.pushUndoStop();
        made.executeEdits('portal', [{ range: model.getFullModelRange(), text }]);
        made.setPosition({ lineNumber: 1, column: 1 });
        made.focus();
        return;
      }
      const area = plain.current;
      if (!area) return;
      area.value = text;
      area.setSelectionRange(0, 0);
      callbacks.current.onChange(text);
    },
    reveal(start, length) {
      const made = code.current;
      const model = made?.getModel();
      if (made && model) {
        const from = model.getPositionAt(start);
        const to = model.getPositionAt(start + length);
        made.setSelection({
          startLineNumber: from.lineNumber,
          startColumn: from.column,
          endLineNumber: to.lineNumber,
          endColumn: to.column,
        });
        made.revealPositionInCenterIfOutsideViewport(from);
        made.focus();
        return;
      }
      plain.current?.focus();
      plain.current?.setSelectionRange(start, start + length);
    },
    focus() {
      if (code.current) code.current.focus();
      else plain.current?.focus();
    },
  }));

  return (
    <div className="query-editor" data-ready={ready}>
      {!ready && (
        <textarea
          ref={plain}
          className="query-editor-plain"
          aria-label="Query editor"
          spellCheck={false}
          autoCapitalize="off"
          defaultValue={initialText}
          placeholder="Write a query; Shift+Enter runs it"
          onChange={(event) => callbacks.current.onChange(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.shiftKey || event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              callbacks.current.onRun();
            }
          }}
        />
      )}
      <div className="query-editor-code" ref={place} hidden={!ready} />
    </div>
  );
}
