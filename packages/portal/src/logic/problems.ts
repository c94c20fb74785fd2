import type { ErrorDetail } from '@strongroom/api';
import { positionOf } from './query-text.js';

/** Something wrong with a query, in words and, where known, at a place in its text. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** Offset and length in the query that was sent, in UTF-16 units. */
  readonly place?: { readonly start: number; readonly length: number };
}

/** The innermost error: the outer ones only say that something was wrong. */
function innermost(error: ErrorDetail): ErrorDetail {
  return error.innererror ? innermost(error.innererror) : error;
}

/**
 * What a failed query's error says, most particular first. Several errors stand in `details`;
 * a place given only as line and column is found in the text.
 */
export function problemsOf(error: ErrorDetail, query: string): Problem[] {
  const particular = innermost(error);
  const several = error.details ?? particular.details ?? [];
  const sources = several.length > 0 ? several.map(innermost) : [particular];
  return sources.map((source) => {
    const place = placeOf(source, query);
    return {
      code: source.code,
      message: source.message || error.message || 'The query failed.',
      ...(source.hint ? { hint: source.hint } : {}),
      ...(place ? { place } : {}),
    };
  });
}

function placeOf(
  error: ErrorDetail,
  query: string,
): { readonly start: number; readonly length: number } | undefined {
  if (error.start !== undefined && error.start >= 0 && error.start <= query.length)
    return { start: error.start, length: Math.min(error.length ?? 1, query.length - error.start) };
  if (error.line === undefined) return undefined;
  const lines = query.split('\n');
  if (error.line < 1 || error.line > lines.length) return undefined;
  const lineStart = lines.slice(0, error.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const start = Math.min(lineStart + Math.max(0, (error.pos ?? 1) - 1), query.length);
  return { start, length: Math.min(error.length ?? 1, query.length - start) };
}

/** The line of a query that a problem points at, cut into before, at and after the place. */
export interface Excerpt {
  readonly line: number;
  readonly column: number;
  readonly before: string;
  readonly at: string;
  readonly after: string;
}

/** Characters shown on either side of the place. */
const excerptReach = 80;

export function excerptOf(query: string, place: NonNullable<Problem['place']>): Excerpt {
  const { line, column } = positionOf(query, place.start);
  const lineStart = place.start - (column - 1);
  const newline = query.indexOf('\n', place.start);
  const lineEnd = newline < 0 ? query.length : newline;
  const end = Math.min(place.start + Math.max(place.length, 1), lineEnd);
  const from = Math.max(lineStart, place.start - excerptReach);
  const to = Math.min(lineEnd, end + excerptReach);
  return {
    line,
    column,
    before: (from > lineStart ? '…' : '') + query.slice(from, place.start),
    at: query.slice(place.start, end),
    after: query.slice(end, to) + (to < lineEnd ? '…' : ''),
  };
}
