/**
 * A query's text laid out anew: an operator a line, sub-queries and bodies indented, long lists broken.
 *
 * It prints the tokens and not the tree, because a person wants back what no tree holds: comments, and
 * literals as they were written (docs/adr/0076). What is read is the same before and after: tokens that
 * KQL tells apart by white space (`mv-expand`, `a*`, `!in`) keep theirs, the rest gets what is usual.
 */

import { lex, type Token as LexedToken } from './lexer.js';

/** Characters of a line beyond which lists and sub-queries are broken. */
const lineWidth = 100;
const indent = '    ';

/** Comparisons and such, with a blank on each side; `-` and `*` may be parts of names. */
const spaced = new Set(['==', '!=', '<', '<=', '>', '>=', '=~', '!~', '<>', '=>', '..']);
/** Arithmetic, where something stands before it. */
const arithmetic = new Set(['+', '/', '%']);
/** Words before a `=` that belong to the operator. */
const options = new Set([
  'kind',
  'withsource',
  'with_source',
  'isfuzzy',
  'flags',
  'bagexpansion',
  'with_itemindex',
  'with_match_id',
  'decodeblocks',
  'default',
  'pair_delimiter',
  'kv_delimiter',
  'quote',
  'escape',
  'greedy',
]);

interface Token extends LexedToken {
  /** As written. */
  readonly source: string;
}

/** Tokens, and brackets with what they hold. */
type Piece =
  | { readonly kind: 'token'; readonly token: Token; readonly before: Gap }
  | {
      readonly kind: 'group';
      readonly open: Token;
      readonly before: Gap;
      readonly pieces: readonly Piece[];
      /** Undefined where the text ends before it. */
      readonly close: Token | undefined;
      readonly beforeClose: Gap;
    };

/** What stood between two tokens. */
interface Gap {
  readonly isEmpty: boolean;
  readonly newlines: number;
  /** Each with whether it began a line. */
  readonly comments: readonly { readonly text: string; readonly ownLine: boolean }[];
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The text laid out, which the parser has read: brackets nest no deeper than it allows. */
export function formatted(text: string): string {
  const tokens = lex(text).map((token) => ({
    ...token,
    source: text.slice(token.start, token.end),
  }));
  const reader = new PieceReader(text, tokens);
  const pieces = reader.until(undefined);
  const out = new Layout();
  out.pipeline(pieces, 0, 'statements');
  out.comments(reader.lastGap, 0);
  return out.text();
}

class PieceReader {
  private readonly source: string;
  private readonly tokens: readonly Token[];
  private at = 0;
  private end = 0;

  constructor(source: string, tokens: readonly Token[]) {
    this.source = source;
    this.tokens = tokens;
  }

  /** The gap before the end, or before the bracket that ended the last group. */
  lastGap: Gap = { isEmpty: true, newlines: 0, comments: [] };

  until(close: string | undefined): Piece[] {
    // With a stack of its own: brackets may nest as deep as the text is long.
    const stack: { pieces: Piece[]; open: Token; before: Gap; close: string }[] = [];
    let pieces: Piece[] = [];
    for (;;) {
      const token = this.tokens[this.at] as Token;
      const before = this.gap(token);
      const open = stack.at(-1);
      if (token.kind === 'end') {
        this.lastGap = before;
        let inner = pieces;
        for (let group = stack.pop(); group !== undefined; group = stack.pop()) {
          group.pieces.push({
            kind: 'group',
            open: group.open,
            before: group.before,
            pieces: inner,
            close: undefined,
            beforeClose: { isEmpty: true, newlines: 0, comments: [] },
          });
          inner = group.pieces;
        }
        return inner;
      }
      this.at++;
      this.end = token.end;
      const opens = token.kind === 'punctuation' ? closing[token.text] : undefined;
      if (opens !== undefined) {
        stack.push({ pieces, open: token, before, close: opens });
        pieces = [];
      } else if (token.kind === 'punctuation' && token.text === (open?.close ?? close)) {
        if (open === undefined) return pieces;
        stack.pop();
        open.pieces.push({
          kind: 'group',
          open: open.open,
          before: open.before,
          pieces,
          close: token,
          beforeClose: before,
        });
        pieces = open.pieces;
      } else pieces.push({ kind: 'token', token, before });
    }
  }

  private gap(token: Token): Gap {
    const between = this.source.slice(this.end, token.start);
    const comments: { text: string; ownLine: boolean }[] = [];
    let newlines = 0;
    let ownLine = this.end === 0;
    for (const line of between.split('\n').entries()) {
      const [index, content] = line;
      if (index > 0) {
        newlines++;
        ownLine = true;
      }
      const trimmed = content.trim();
      if (trimmed.startsWith('//')) comments.push({ text: trimmed, ownLine });
    }
    return { isEmpty: between === '', newlines, comments };
  }
}

/** What a sequence of pieces is, which says where it is broken. */
type Role =
  | 'statements'
  /** A line for each. */
  | 'list'
  /** Lines as they were: a table's rows. */
  | 'rows';

class Layout {
  private out = '';
  /** The indentation of the line that is begun; undefined in the middle of one. */
  private begun: number | undefined = 0;

  text(): string {
    return this.out.trimEnd();
  }

  private newline(level: number): void {
    if (this.begun === undefined) this.out += '\n';
    this.begun = level;
  }

  private put(text: string, blank: boolean): void {
    if (this.begun !== undefined) {
      this.out += indent.repeat(this.begun) + text;
      this.begun = undefined;
    } else this.out += (blank ? ' ' : '') + text;
  }

  /** Comments of a gap; each ends its line. */
  comments(gap: Gap, level: number): void {
    for (const { text, ownLine } of gap.comments) {
      if (ownLine && this.begun === undefined) this.newline(level);
      this.put(text, true);
      this.newline(level);
    }
  }

  /** Statements, or what stands in brackets: pipelines with the breaks at `|`, `;` and `,`. */
  pipeline(pieces: readonly Piece[], level: number, role: Role): void {
    let previous: Token | undefined;
    let older: Token | undefined;
    // Within an operator that does not fit its line, a comma ends the line.
    let breaksCommas = role !== 'statements';
    let breaksKeys = false;
    let inPipeline = false;
    for (const [index, piece] of pieces.entries()) {
      const token = piece.kind === 'token' ? piece.token : piece.open;
      const inner = inPipeline && breaksKeys ? level + 1 : level;
      const isPunctuation = token.kind === 'punctuation';
      const isPipe = isPunctuation && token.text === '|';
      const after = previous?.kind === 'punctuation' ? previous.text : '';
      if (after === ';') {
        this.newline(level);
        if (piece.before.newlines > 1 && piece.before.comments.length === 0) this.blankLine();
        inPipeline = false;
        breaksCommas = role !== 'statements';
      }
      if (piece.before.comments.length > 0)
        this.comments(
          piece.before,
          isPipe || after === ';' || previous === undefined ? level : inner,
        );
      if (isPipe) {
        this.newline(level);
        inPipeline = true;
        breaksKeys = !fits(pieces, index, level, false);
        breaksCommas = breaksKeys && !fits(pieces, index, level, true);
      } else if (after === ',' && breaksCommas && (role !== 'rows' || piece.before.newlines > 0)) {
        this.newline(inner);
      } else if (inPipeline && breaksKeys && isKeysWord(token, previous)) {
        this.newline(level + 1);
        breaksCommas = !fits(pieces, index, level + 1, false);
      }
      const blank = previous !== undefined && isBlankBetween(older, previous, token, piece.before);
      if (piece.kind === 'token') this.put(token.source, blank);
      else this.group(piece, hasPipe(piece.pieces) ? level : inner, blank, previous);
      older = previous;
      previous = piece.kind === 'token' ? token : (piece.close ?? token);
    }
  }

  private blankLine(): void {
    this.out += '\n';
  }

  private group(
    piece: Piece & { kind: 'group' },
    level: number,
    blank: boolean,
    previous: Token | undefined,
  ): void {
    const open = piece.open.text;
    const close = piece.close === undefined ? '' : piece.close.text;
    const isBody = open === '{' && isBodyAfter(previous);
    if (!isBody) {
      const flat = flatText(piece, lineWidth);
      if (
        flat !== undefined &&
        (this.begun ?? 0) * indent.length + flat.length + this.lineLength() <= lineWidth
      ) {
        this.put(flat, blank);
        return;
      }
    }
    this.put(open, blank);
    const role: Role =
      isBody || hasPipe(piece.pieces)
        ? 'statements'
        : open === '[' && piece.pieces.some((each) => each.before.newlines > 0)
          ? 'rows'
          : 'list';
    // A call's long arguments go on in their lines; sub-queries and bodies get lines of their own.
    this.newline(level + 1);
    this.pipeline(piece.pieces, level + 1, role);
    this.comments(piece.beforeClose, level + 1);
    this.newline(level);
    if (close !== '') this.put(close, false);
  }

  private lineLength(): number {
    return this.begun === undefined ? this.out.length - (this.out.lastIndexOf('\n') + 1) : 0;
  }
}

/** `(x:long) {`, `= {`: what follows is a body, not a bag. */
function isBodyAfter(previous: Token | undefined): boolean {
  return previous?.kind === 'punctuation' && (previous.text === ')' || previous.text === '=');
}

/** The `by` of `summarize … by`, before which a long list ends its line; not that of `sort by`. */
function isKeysWord(token: Token, previous: Token | undefined): boolean {
  return (
    token.kind === 'name' &&
    token.text === 'by' &&
    previous !== undefined &&
    previous.end < token.start &&
    !/^(?:sort|order|partition|facet|reduce)$/.test(previous.text)
  );
}

function hasPipe(pieces: readonly Piece[]): boolean {
  return pieces.some(
    (piece) =>
      piece.kind === 'token' &&
      piece.token.kind === 'punctuation' &&
      /^[|;]$/.test(piece.token.text),
  );
}

function hasComments(piece: Piece): boolean {
  return piece.before.comments.length > 0;
}

/** Whether the operator that begins at this `|` fits one line. */
function fits(pieces: readonly Piece[], from: number, level: number, upToKeys: boolean): boolean {
  let width = level * indent.length;
  let previous: Token | undefined;
  let older: Token | undefined;
  for (const piece of pieces.slice(from)) {
    const token = piece.kind === 'token' ? piece.token : piece.open;
    const isEnd = token.kind === 'punctuation' && /^[|;]$/.test(token.text);
    if (previous !== undefined && isEnd) return true;
    if (upToKeys && isKeysWord(token, previous)) return true;
    if (previous !== undefined && hasComments(piece)) return false;
    if (previous !== undefined && isBlankBetween(older, previous, token, piece.before)) width++;
    if (piece.kind === 'token') width += token.source.length;
    else {
      const flat = flatText(piece, lineWidth);
      // What is broken anyway does not break the list that it stands in.
      if (flat === undefined) return true;
      width += flat.length;
    }
    if (width > lineWidth) return false;
    older = previous;
    previous = piece.kind === 'token' ? token : (piece.close ?? token);
  }
  return true;
}

/** A group on one line, if it has no comment and is not wider than this. */
function flatText(group: Piece & { kind: 'group' }, width: number): string | undefined {
  let text = '';
  const stack: { pieces: readonly Piece[]; at: number; close: Token | undefined; gap: Gap }[] = [];
  let older: Token | undefined;
  let previous: Token | undefined = group.open;
  text += group.open.text;
  stack.push({ pieces: group.pieces, at: 0, close: group.close, gap: group.beforeClose });
  for (;;) {
    const top = stack.at(-1);
    if (top === undefined) return text;
    const piece = top.pieces[top.at++];
    if (piece === undefined) {
      if (top.gap.comments.length > 0) return undefined;
      stack.pop();
      if (top.close !== undefined) {
        text += top.close.text;
        older = previous;
        previous = top.close;
      }
      continue;
    }
    const token = piece.kind === 'token' ? piece.token : piece.open;
    if (hasComments(piece) || token.source.includes('\n')) return undefined;
    if (token.kind === 'punctuation' && token.text === ';') return undefined;
    if (piece.kind === 'group' && token.text === '{' && isBodyAfter(previous)) return undefined;
    if (previous !== undefined && isBlankBetween(older, previous, token, piece.before)) text += ' ';
    text += token.source;
    if (text.length > width) return undefined;
    older = previous;
    previous = token;
    if (piece.kind === 'group')
      stack.push({ pieces: piece.pieces, at: 0, close: piece.close, gap: piece.beforeClose });
  }
}

function isOperand(token: Token | undefined): boolean {
  return (
    token !== undefined &&
    (token.kind !== 'punctuation' || token.text === ')' || token.text === ']')
  );
}

/** Whether a blank stands between two tokens on a line. */
function isBlankBetween(
  older: Token | undefined,
  previous: Token,
  token: Token,
  gap: Gap,
): boolean {
  const left = previous.kind === 'punctuation' ? previous.text : '';
  const right = token.kind === 'punctuation' ? token.text : '';
  if (left === '(' || left === '[' || right === ')' || right === ']') return false;
  if (right === ',' || right === ';') return false;
  if (right === '{' && isBodyAfter(previous)) return true;
  if (left === ',' || left === '|' || right === '|' || left === ';') return true;
  if (spaced.has(left) || spaced.has(right)) return true;
  if (right === '=' || left === '=') {
    const word = right === '=' ? previous : older;
    const isOption =
      word?.kind === 'name' && gap.isEmpty && (options.has(word.text) || hints.test(word.text));
    return !isOption;
  }
  if (arithmetic.has(right) && isOperand(previous)) return true;
  if (arithmetic.has(left) && isOperand(older)) return true;
  return !gap.isEmpty;
}

const hints =
  /^(?:strategy|remote|shufflekey|num_partitions|pass_filters|concurrency|spread|materialized)$/;
