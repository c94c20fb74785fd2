/** Queries made of other queries: small changes that keep most of the text, right or wrong. */

import type { SeededRandom } from '@strongroom/testkit';

/** White space, comments, strings, numbers with units, names, and punctuation; together they are the text. */
const tokenPattern =
  /\s+|\/\/[^\n]*|h?@?"(?:[^"\\\n]|\\.)*"|h?@?'(?:[^'\\\n]|\\.)*'|\d+(?:\.\d+)?[a-z]*|[A-Za-z_$][\w$]*|[=!<>]=|=~|!~|\.\.|[^\s]/g;

const kindOf = (token: string): 'name' | 'number' | 'string' | 'blank' | 'punctuation' => {
  if (/^(?:\s|\/\/)/.test(token)) return 'blank';
  if (/^h?@?["']/.test(token)) return 'string';
  if (/^\d/.test(token)) return 'number';
  return /^[A-Za-z_$]/.test(token) ? 'name' : 'punctuation';
};

const literals = [
  '1',
  '2.5',
  '"text"',
  "''",
  'true',
  '1h',
  'datetime(2026-01-01)',
  'int(3)',
  'decimal(1.5)',
  'guid(6d0a4e2c-0000-4000-8000-000000000001)',
  'dynamic([1,2])',
  'dynamic({"a":1})',
  'long(null)',
];
const operators = [
  '==',
  '!=',
  '<',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  'has',
  'contains',
  '=~',
  'and',
  'or',
];
const calls = [
  'tostring',
  'toint',
  'tolong',
  'toreal',
  'todouble',
  'todatetime',
  'totimespan',
  'tobool',
  'todynamic',
  'todecimal',
  'toguid',
  'strlen',
  'tolower',
  'abs',
  'floor',
  'isnull',
  'isempty',
  'array_length',
  'bin',
  'startofday',
  'datetime_diff',
  'iff',
  'coalesce',
  'split',
  'strcat',
  'substring',
  'max_of',
  'parse_json',
  'extract',
  'round',
  'not',
  'now',
  'ago',
  'pack_array',
  'bag_keys',
  'count',
  'sum',
  'avg',
  'max',
  'dcount',
  'make_set',
  'make_list',
  'arg_max',
  'take_any',
  'percentile',
  'countif',
  'sumif',
  'stdev',
  'variance',
];
const stages = [
  'count',
  'take 5',
  'limit',
  'distinct *',
  'distinct C',
  'summarize count() by C',
  'summarize sum(C), avg(C)',
  'summarize max(C) by bin(C, 1)',
  'summarize arg_max(C, *) by C',
  'summarize dcount(C), make_set(C) by C, D',
  'summarize percentiles(C, 5, 95) by C',
  'summarize take_any(*) by C',
  'project C, D',
  'project x = C, C',
  'project-away C',
  'project-away C*',
  'project-keep C',
  'project-rename x = C',
  'project-reorder C, * asc',
  'extend C = D',
  'extend x = C + D',
  'extend x = C - D, y = C / D',
  'extend strcat(C, D)',
  'extend C.a.b, C[0]',
  'where C == D',
  'where C > D',
  'where C has "a"',
  'where C in (D)',
  'where C in ("a", "b")',
  'where C between (D .. D)',
  'where isnotempty(C)',
  'where C',
  'sort by C',
  'order by C asc, D nulls first',
  'top 3 by C',
  'top 3 by C desc nulls last',
  'mv-expand C',
  'mv-expand C to typeof(long)',
  'mv-expand x = C, D',
  'mv-apply C on (take 1)',
  'parse C with "a" x:long "b" y',
  'parse-where C with * "a" x',
  'join kind=inner (T | take 1) on C',
  'join (T) on $left.C == $right.D',
  'lookup (T) on C',
  'join kind=leftanti (T) on C',
  'join kind=leftouter (T | project C, y = 1) on C',
  'union T',
  'union (T | project C)',
  'union withsource=S kind=outer T',
  'make-series count() on C step 1h by D',
  'make-series avg(C) default=0 on D from ago(1d) to now() step 1h',
  'serialize r = row_number()',
  'extend p = prev(C)',
  'sample 3',
  'sample-distinct 3 of C',
  'getschema',
  'as X',
  'render timechart',
  'top-hitters 3 of C by D',
  'top-nested 3 of C by count()',
  'evaluate bag_unpack(C)',
  'evaluate pivot(C)',
  'invoke f()',
  'reduce by C',
  'where * has "x"',
  'search "x"',
  'extend x = case(C, D, C)',
  'extend x = iff(C, D, 1)',
  'extend x = coalesce(C, D)',
  'extend x = toscalar(T | count)',
  'project pack_all()',
  'extend x = max_of(C, D)',
  'summarize x = countif(C == D), sumif(C, true)',
  'parse-kv C as (a:long, b:string) with (pair_delimiter=";", kv_delimiter="=")',
  'partition by C (take 1)',
  'scan with (step s: true;)',
  'project-rename C = D',
  'summarize by C',
  'summarize C',
  'distinct C, D',
  'facet by C',
  'consume',
  'extend x = -C',
  'extend x = not(C)',
];

export interface MutationSource {
  /** Names of columns and tables to put where others stand. */
  readonly columns: readonly string[];
  readonly tables: readonly string[];
}

/** The text with one to three changes. */
export function mutated(text: string, random: SeededRandom, source: MutationSource): string {
  const pick = <T>(list: readonly T[]): T => random.pick(list);
  let made = text;
  const times = random.integer(4) === 0 ? 1 + random.integer(3) : 1;
  for (let time = 0; time < times; time++) {
    const tokens: string[] = made.match(tokenPattern) ?? [];
    const positions = tokens.flatMap((token, index) => (kindOf(token) === 'blank' ? [] : [index]));
    if (positions.length === 0) return made;
    const of = (kind: string): number[] =>
      positions.filter((index) => kindOf(tokens[index] ?? '') === kind);
    const names = [...new Set(of('name').map((index) => tokens[index] ?? ''))];
    const at = pick(positions);
    const put = (where: readonly number[], value: () => string): void => {
      if (where.length > 0) tokens[pick(where)] = value();
    };
    switch (random.integer(10)) {
      case 0:
        tokens[at] = '';
        break;
      case 1:
        tokens[at] = `${tokens[at]} ${tokens[at]}`;
        break;
      case 2:
        put(of('name'), () => pick(names));
        break;
      case 3:
        put(of('name'), () => pick(random.integer(8) === 0 ? source.tables : source.columns));
        break;
      case 4:
        put([...of('number'), ...of('string')], () => pick(literals));
        break;
      case 5:
        put(
          of('punctuation').filter((index) => /^[=!<>+\-*/%~]+$/.test(tokens[index] ?? '')),
          () => ` ${pick(operators)} `,
        );
        break;
      case 6:
        put(
          of('name').filter((index) => tokens[index + 1] === '('),
          () => pick(calls),
        );
        break;
      case 7: {
        const where = of('name');
        if (where.length > 0) {
          const index = pick(where);
          tokens[index] = `${pick(calls)}(${tokens[index]})`;
        }
        break;
      }
      default: {
        const column = (): string => pick(random.integer(3) > 0 ? names : source.columns);
        const stage = pick(stages)
          .replace(/\bC\b/g, () => column())
          .replace(/\bD\b/g, () => pick<string>([column(), column(), pick(literals)]))
          .replace(/\bT\b/g, () => pick(source.tables));
        const ends = positions.filter((index) => tokens[index] === '|');
        if (ends.length > 0 && random.integer(2) === 0) {
          const index = pick(ends);
          tokens[index] = `| ${stage} |`;
        } else tokens.push(`\n| ${stage}`);
      }
    }
    made = tokens.join('');
  }
  return made;
}
