import type { KqlCode } from './errors.js';
import { diagnosticsMax } from './limits.js';

/** A piece of the query's text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A problem in the query, for a person and for an editor. */
export interface Diagnostic {
  /** Stable; see `KqlCode`. */
  readonly code: KqlCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Offset and length in UTF-16 units. */
  readonly start: number;
  readonly length: number;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** What to do about it. */
  readonly hint?: string;
}

/** Thrown inside the compiler only, to leave a statement or an operator; `compile` returns values. */
export class KqlProblem extends Error {
  readonly code: KqlCode;
  readonly span: Span;
  readonly hint: string | undefined;

  constructor(code: KqlCode, message: string, span: Span, hint?: string) {
    super(message);
    this.code = code;
    this.span = span;
    this.hint = hint;
  }
}

export function problem(code: KqlCode, message: string, span: Span, hint?: string): never {
  throw new KqlProblem(code, message, span, hint);
}

export function notSupported(what: string, span: Span, hint?: string): never {
  throw new KqlProblem('KQL_NOT_SUPPORTED', `${what} is not supported`, span, hint);
}

/** Collects problems, each place once, up to a limit. */
export class Diagnostics {
  private readonly list: Diagnostic[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get hasErrors(): boolean {
    return this.list.length > 0;
  }

  add(each: KqlProblem): void {
    if (this.list.length >= diagnosticsMax) return;
    const start = Math.max(0, Math.min(each.span.start, this.text.length));
    const end = Math.max(start, Math.min(each.span.end, this.text.length));
    if (this.list.some((known) => known.start === start && known.message === each.message)) return;
    const before = this.text.slice(0, start);
    const lineStart = before.lastIndexOf('\n') + 1;
    let line = 1;
    for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
    const made = {
      code: each.code,
      severity: 'error',
      message: each.message,
      start,
      length: end - start,
      line,
      column: start - lineStart + 1,
    } as const;
    this.list.push(each.hint === undefined ? made : { ...made, hint: each.hint });
  }

  /** No more will be reported, so that none need be looked for. */
  get isFull(): boolean {
    return this.list.length >= diagnosticsMax;
  }

  all(): Diagnostic[] {
    return [...this.list].sort((a, b) => a.start - b.start);
  }
}

/** The known name nearest to a mistyped one, if one is near enough. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const each of known) {
    if (Math.abs(each.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, each.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = each;
      bestDistance = distance;
    }
  }
  return best === undefined ? undefined : `Did you mean '${best}'?`;
}

/** Levenshtein's distance with swaps, given up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (a.length > 64 || b.length > 64) return limit;
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (older[j - 2] ?? 0) + 1);
      }
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least >= limit) return limit;
    older = previous;
    previous = current;
  }
  return previous[b.length] ?? limit;
}
