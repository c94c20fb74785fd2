import { notSupported, problem, type Span } from '../diagnostics.js';
import type { Definition } from '../plan/plan.js';
import { constant, reference, type Bound } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import type { VisibleColumn } from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { ColumnSyntax, Expression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf } from './operator.js';

interface Delimiters {
  readonly pair: string | undefined;
  readonly keyValue: string | undefined;
  /** Of one character, or of two: the opening and the closing. */
  readonly quotes: readonly string[];
  readonly escapes: readonly string[];
  readonly greedy: boolean;
  readonly regex: string | undefined;
}

interface ParseKvSyntax extends OperatorSyntax {
  readonly value: Expression;
  readonly keys: readonly ColumnSyntax[];
  readonly delimiters: Delimiters;
}

/** `T | parse-kv text as (a:long, b:string) with (pair_delimiter=',', kv_delimiter='=')`. */
export const parseKv = piped<ParseKvSyntax>({
  names: ['parse-kv'],
  parse(parser, start) {
    const value = parser.expression();
    parser.expect('as');
    parser.expect('(');
    const keys = parser.columns();
    parser.expect(')');
    if (keys.length === 0) problem('SYN0002', 'parse-kv needs keys', parser.spanFrom(start));
    const delimiters = readDelimiters(parser);
    return { operator: 'parse-kv', value, keys, delimiters, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const { delimiters, span } = syntax;
    let value = convert(
      binder.scalar(syntax.value, scopeOf(context, input)),
      'string',
      syntax.value.span,
      binder,
    );
    const string = (of: string): Bound => constant('string', of);
    let pair = delimiters.pair;
    if (delimiters.greedy && pair !== undefined && delimiters.keyValue !== undefined) {
      // A delimiter that a key follows becomes one that no text has; the others are text.
      const before = inClass(pair) + inClass(delimiters.keyValue);
      const expression = `(?s)${escaped(pair)}([^${before}]*)${escaped(delimiters.keyValue)}`;
      const marked = `${mark}\\1${replacement(delimiters.keyValue)}`;
      value = binder.call('$replaced', [value, string(expression), string(marked)], span);
      pair = mark;
    }
    const expression = patterns(
      delimiters,
      pair,
      syntax.keys.map((each) => each.name),
    );
    const escapes =
      delimiters.escapes.length === 0 ? '' : `(?s)[${delimiters.escapes.map(inClass).join('')}](.)`;
    const pairs = binder.call(
      '$pairs',
      [
        value,
        string(expression.pair),
        string(pair ?? ''),
        string(expression.quoted),
        string(escapes),
        constant('bool', delimiters.regex !== undefined),
      ],
      span,
    );
    const pairsColumn = binder.column('$parsed', 'dynamic');
    const definitions: Definition[] = [];
    const columns: VisibleColumn[] = [...input.columns];
    for (const key of syntax.keys) {
      let found = binder.call('$pair', [reference(pairsColumn), string(key.name)], key.span);
      if (pair === mark) {
        const delimiter = replacement(delimiters.pair ?? '');
        found = binder.call('$replaced', [found, string(mark), string(delimiter)], key.span);
      }
      const typed = convert(found, key.type, key.span, binder);
      const column = binder.column(key.name, typed.type);
      definitions.push({ column, value: typed });
      const index = columns.findIndex((each) => each.name === key.name);
      if (index >= 0) columns[index] = { name: key.name, column };
      else columns.push({ name: key.name, column });
    }
    const parsed = [{ column: pairsColumn, value: pairs }];
    const plan = { kind: 'extend', input: input.plan, definitions: parsed } as const;
    return { ...input, plan: { kind: 'extend', input: plan, definitions }, columns };
  },
});

const mark = '\u0001';

function readDelimiters(parser: Parser): Delimiters {
  const single = new Map<string, string>();
  const quotes: string[] = [];
  const escapes: string[] = [];
  let greedy = false;
  let delimiterSpan: Span | undefined;
  if (parser.accept('with')) {
    parser.expect('(');
    while (!parser.is(')')) {
      const { text: name, span } = parser.name('an option');
      parser.expect('=');
      if (name === 'greedy') {
        greedy = parser.accept('true');
        if (!greedy) parser.expect('false');
      } else {
        if (parser.peek().kind !== 'string') parser.unexpected('a text');
        const { value } = parser.next();
        if (value === '')
          problem('SYN0002', `'${name}' must not be empty`, parser.spanFrom(span.start));
        if (name === 'quote') quotes.push(checked(name, value, 2, span));
        else if (name === 'escape') escapes.push(checked(name, value, 1, span));
        else if (name === 'regex' || name === 'pair_delimiter' || name === 'kv_delimiter') {
          single.set(name, value);
          delimiterSpan = span;
        } else {
          const hint = 'One of pair_delimiter, kv_delimiter, quote, escape, greedy, regex.';
          problem('SYN0002', `'${name}' is not an option of parse-kv`, span, hint);
        }
      }
      if (!parser.accept(',')) break;
    }
    parser.expect(')');
  }
  const [pair, keyValue] = [single.get('pair_delimiter'), single.get('kv_delimiter')];
  const regex = single.get('regex');
  const span = delimiterSpan ?? { start: parser.start, end: parser.start };
  if (
    (pair === undefined) !== (keyValue === undefined) ||
    (regex !== undefined && single.size > 1)
  ) {
    const hint = 'Give pair_delimiter and kv_delimiter, or regex, or neither.';
    problem('SYN0002', 'parse-kv does not take these options together', span, hint);
  }
  if (greedy && (pair === undefined || pair.length > 1 || (keyValue ?? '').length > 1)) {
    notSupported('greedy with delimiters of several characters', span);
  }
  if (regex !== undefined && groupCount(regex) !== 2) {
    problem('SEM0101', 'The regular expression must have two groups, the key and the value', span);
  }
  return { pair, keyValue, quotes, escapes, greedy, regex };
}

function checked(name: string, value: string, lengthMax: number, span: Span): string {
  if (value.length > lengthMax) {
    problem('SEM0101', `'${name}' has at most ${lengthMax} characters`, span);
  }
  return value;
}

/** Groups of an expression that capture. */
function groupCount(expression: string): number {
  const parts = expression.match(/\\.|\[(?:\\.|[^\]])*\]|\((?!\?)|\(\?P?</gs) ?? [];
  return parts.filter((part) => part.startsWith('(')).length;
}

function escaped(of: string): string {
  return of.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function inClass(of: string): string {
  return of.replace(/[\\\]^[-]/g, '\\$&');
}

function replacement(of: string): string {
  return of.replaceAll('\\', '\\\\');
}

interface Patterns {
  readonly pair: string;
  /** A text in quotes, at the end of another; '' without quotes. */
  readonly quoted: string;
}

/** What one pair looks like; `$pairs` says what its groups are. */
function patterns(
  delimiters: Delimiters,
  pair: string | undefined,
  keys: readonly string[],
): Patterns {
  const { keyValue, regex } = delimiters;
  if (regex !== undefined) return { pair: regex, quoted: '' };
  const escape = delimiters.escapes.map(inClass).join('');
  const inQuotes = delimiters.quotes.map((quote) => {
    const [open, close] = [quote[0] ?? '', quote[1] ?? quote[0] ?? ''];
    const plain = `[^${inClass(close)}${escape}]`;
    const body = escape === '' ? `${plain}*` : `(?:${plain}|[${escape}].)*`;
    return `${escaped(open)}${body}${escaped(close)}`;
  });
  const quoted = inQuotes.length === 0 ? undefined : `(?:${inQuotes.join('|')})`;
  const end = quoted === undefined ? '' : `(?s)(${quoted})$`;
  if (pair === undefined || keyValue === undefined) {
    // Whatever is no letter or digit parts keys and values.
    const longestFirst = [...keys].sort((a, b) => b.length - a.length).map(escaped);
    const value = quoted === undefined ? '()([\\pL\\pN]+)' : `(?:(${quoted})|([\\pL\\pN]+))`;
    const key = `()(${longestFirst.join('|')})`;
    return { pair: `(?s)(?:^|[^\\pL\\pN])${key}[^\\pL\\pN]+?${value}`, quoted: end };
  }
  const [between, after] = [escaped(keyValue), `(?:${escaped(pair)}|$)`];
  if (quoted === undefined) return { pair: `(?s)()(.*?)${between}()(.*?)${after}`, quoted: '' };
  // White space around a text in quotes is left out, unless it is a delimiter itself.
  const [before, behind] = [keyValue, pair].map((each) => (/\s/.test(each) ? '' : '\\s*'));
  const space = /\s/.test(pair) ? '' : '\\s*';
  const key = `(?:\\s*(${quoted})${before ?? ''}${between}|((?:${quoted}|.)*?)${between})`;
  const value = `(?:${space}(${quoted})${behind ?? ''}${after}|(.*?)${after})`;
  return { pair: `(?s)${key}${value}`, quoted: end };
}
