/** A query laid out for a person, surely the same query. */

import { Diagnostics, type Diagnostic } from './diagnostics.js';
import { operatorLookup } from './operators/index.js';
import { formatted } from './syntax/format.js';
import { parseQuery } from './syntax/parser.js';

export type FormatResult =
  | { readonly ok: true; readonly text: string }
  /** It cannot be read, so that it stays as it is. */
  | { readonly ok: false; readonly diagnostics: Diagnostic[] };

/**
 * The query with an operator a line, sub-queries indented, and its comments where they were. Reading
 * the result gives the same tree; doing it again changes nothing.
 */
export function formatQuery(text: string): FormatResult {
  const diagnostics = new Diagnostics(text);
  const before = shapeOf(text, diagnostics);
  if (diagnostics.hasErrors) return { ok: false, diagnostics: diagnostics.all() };
  const made = formatted(text);
  const problems = new Diagnostics(made);
  const after = shapeOf(made, problems);
  // A layout that changed the meaning would be a fault of ours, which the query must not pay for.
  return { ok: true, text: !problems.hasErrors && after === before ? made : text };
}

/** The tree as text, without places: equal for queries that say the same. */
export function shapeOf(text: string, diagnostics: Diagnostics): string {
  return JSON.stringify(parseQuery(text, operatorLookup, diagnostics), (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    return isSpan(value) ? undefined : value;
  });
}

function isSpan(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const keys = Object.keys(value);
  return keys.length === 2 && 'start' in value && 'end' in value;
}
