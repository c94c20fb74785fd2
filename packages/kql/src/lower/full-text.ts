/**
 * Filters that a full-text index answers. `hasAllTokens` and `hasAnyTokens` mean `has` only on an
 * indexed column, and only as a test of the WHERE that reads the table, alone or within `AND`, `OR`
 * and `NOT`: elsewhere they heed case. So they are written nowhere else.
 */

import { array, bound, call, infix, type Expression as Sql } from '@strongroom/sql';
import type { Bound, BoundCall, Column } from '../semantics/bound.js';

/** The ASCII terms of a text, in the index's form; undefined where the index might miss. */
function termsOf(of: Bound | undefined): string[] | undefined {
  if (of?.kind !== 'constant' || of.type !== 'string' || typeof of.value !== 'string')
    return undefined;
  if (!/^\p{ASCII}+$/u.test(of.value)) return undefined;
  return of.value.toLowerCase().match(/[a-z0-9]+/g) ?? undefined;
}

const isOneTerm = (of: Bound): boolean =>
  of.kind === 'constant' && /^[a-zA-Z0-9]+$/.test(String(of.value));

/** Terms that stand whole inside a text, so that whatever contains it has them as terms. */
function innerTerms(of: Bound | undefined): string[] | undefined {
  const all = termsOf(of);
  if (all === undefined || of?.kind !== 'constant') return undefined;
  const text = String(of.value);
  const inner = all.slice(
    /^[a-zA-Z0-9]/.test(text) ? 1 : 0,
    /[a-zA-Z0-9]$/.test(text) ? -1 : undefined,
  );
  return inner.length === 0 ? undefined : inner;
}

const tokens = (list: readonly string[]): Sql => array(...[...new Set(list)].map(bound));

/** Shorter parts of words are in too many of them for the index to be asked (26.7). */
const substringCharsMin = 4;

/** One test of a filter by the index: alone where that is exact, else narrowing `exact`. */
export function askIndex(
  term: BoundCall,
  indexed: ReadonlySet<Column>,
  columnSql: (column: Column) => Sql,
  exact: Sql,
): Sql | undefined {
  if (indexed.size === 0) return undefined;
  const [subject, ...parts] = term.args;
  if (subject?.kind !== 'column' || !indexed.has(subject.column)) return undefined;
  const value = columnSql(subject.column);
  switch (term.name) {
    case 'has':
    case 'has_all': {
      const lists = parts.map(termsOf);
      if (lists.some((list) => list === undefined)) return undefined;
      const all = call('hasAllTokens', value, tokens(lists.flatMap((list) => list ?? [])));
      return parts.every(isOneTerm) ? all : infix('AND', all, exact);
    }
    case 'has_any':
      if (!parts.every((part) => termsOf(part) !== undefined && isOneTerm(part))) return undefined;
      return call('hasAnyTokens', value, tokens(parts.flatMap((part) => termsOf(part) ?? [])));
    case 'has_cs':
    case '==': {
      const whole = termsOf(parts[0]);
      return whole === undefined
        ? undefined
        : infix('AND', call('hasAllTokens', value, tokens(whole)), exact);
    }
    case 'contains':
    case 'contains_cs': {
      const [part] = parts;
      // Within one term: the index's own list of terms is searched, not the texts.
      if (term.name === 'contains' && part?.kind === 'constant' && isOneTerm(part)) {
        const searched = String(part.value);
        if (searched.length >= substringCharsMin)
          return infix('ILIKE', value, bound(`%${searched}%`));
      }
      const inner = innerTerms(parts[0]);
      return inner === undefined
        ? undefined
        : infix('AND', call('hasAllTokens', value, tokens(inner)), exact);
    }
    default:
      return undefined;
  }
}
