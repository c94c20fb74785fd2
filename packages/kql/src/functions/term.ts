/**
 * `has` and its like. A term is a run of ASCII letters and digits or of any other-than-ASCII
 * characters; `has "foo-bar"` is that text with no term going on at either end of it.
 */

import { call, text, type Expression as Sql } from '@strongroom/sql';

const outside = '[^a-zA-Z0-9\\x{80}-\\x{10FFFF}]';
const wordAtStart = /^[a-zA-Z0-9\u0080-\uffff]/;
const wordAtEnd = /[a-zA-Z0-9\u0080-\uffff]$/;

function quoted(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** The test that `value` has `part` as a term, as a term's start, or as a term's end. */
export function hasTerm(
  value: Sql,
  part: Sql,
  constant: string | undefined,
  where: 'whole' | 'prefix' | 'suffix',
  caseSensitive: boolean,
): Sql {
  const flag = caseSensitive ? '(?s)' : '(?is)';
  if (constant === undefined) {
    const start = where === 'suffix' ? flag : `${flag}(?:^|${outside})`;
    const end = where === 'prefix' ? '' : `(?:$|${outside})`;
    return call(
      'match',
      value,
      call('concat', text(start), call('regexpQuoteMeta', part), text(end)),
    );
  }
  if (constant === '') return call('toBool', text('true'));
  if (where === 'whole' && /^[a-zA-Z0-9]+$/.test(constant)) {
    return call(caseSensitive ? 'hasToken' : 'hasTokenCaseInsensitive', value, part);
  }
  const start = where !== 'suffix' && wordAtStart.test(constant) ? `(?:^|${outside})` : '';
  const end = where !== 'prefix' && wordAtEnd.test(constant) ? `(?:$|${outside})` : '';
  return call('match', value, { kind: 'bound', value: `${flag}${start}${quoted(constant)}${end}` });
}
