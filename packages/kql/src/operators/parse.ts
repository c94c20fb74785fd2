import type { ScalarType } from '@strongroom/sql';
import { problem } from '../diagnostics.js';
import type { Definition } from '../plan/plan.js';
import { constant, reference, type Bound } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import type { VisibleColumn } from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { Expression, Name, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf, type Operator } from './operator.js';

type Piece =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'star' }
  | { readonly kind: 'column'; readonly name: Name; readonly type: ScalarType };

interface ParseSyntax extends OperatorSyntax {
  readonly mode: 'simple' | 'relaxed' | 'regex';
  readonly flags: string;
  readonly value: Expression;
  readonly pieces: readonly Piece[];
  readonly keepsOnlyMatches: boolean;
}

function readParse(parser: Parser, start: number, keepsOnlyMatches: boolean): ParseSyntax {
  const options = parser.options(['kind', 'flags']);
  const mode = options.get('kind')?.value ?? 'simple';
  if (mode !== 'simple' && mode !== 'relaxed' && mode !== 'regex') {
    problem(
      'SYN0002',
      `'${mode}' is not a kind of parse`,
      parser.spanFrom(start),
      'One of simple, relaxed, regex.',
    );
  }
  const value = parser.expression();
  parser.expect('with');
  const pieces: Piece[] = [];
  for (;;) {
    const token = parser.peek();
    if (token.kind === 'string') {
      parser.next();
      pieces.push({ kind: 'text', value: token.value });
    } else if (parser.accept('*')) pieces.push({ kind: 'star' });
    else if (parser.isName()) {
      const name = parser.name();
      const type = parser.accept(':') ? parser.scalarType() : 'string';
      pieces.push({ kind: 'column', name, type });
    } else break;
  }
  if (pieces.length === 0) parser.unexpected('a pattern');
  return {
    operator: keepsOnlyMatches ? 'parse-where' : 'parse',
    mode,
    flags: options.get('flags')?.value ?? '',
    value,
    pieces,
    keepsOnlyMatches,
    span: parser.spanFrom(start),
  };
}

const typePatterns: Readonly<Partial<Record<ScalarType, string>>> = {
  long: '\\s*[-+]?\\d+\\s*',
  int: '\\s*[-+]?\\d+\\s*',
  real: '\\s*[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?\\s*',
  decimal: '\\s*[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?\\s*',
  bool: '\\s*(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[01])\\s*',
  guid: '\\s*[{(]?[0-9a-fA-F-]{32,36}[)}]?\\s*',
};

/** Types of which the pattern takes any text: whether it is a value shows when it is converted. */
const checkedTypes: ReadonlySet<ScalarType> = new Set(['datetime', 'timespan', 'guid']);

/** A regular expression whose groups do not capture: ours are counted. */
function withoutGroups(expression: string): string {
  return expression.replace(/\\.|\[(?:\\.|[^\]])*\]|\((?!\?)/g, (each) =>
    each === '(' ? '(?:' : each,
  );
}

/**
 * The pattern as one regular expression. Texts match themselves, `*` and columns anything as short
 * as can be (in regex mode as long as can be; flag U turns it). A number's column
 * stands for a number, in relaxed mode for whatever stands there if it is none.
 */
function pattern(syntax: ParseSyntax): string {
  const regex = syntax.mode === 'regex';
  let result = '';
  syntax.pieces.forEach((piece, index) => {
    const isLast = index === syntax.pieces.length - 1;
    switch (piece.kind) {
      case 'text':
        result += regex
          ? `(?:${withoutGroups(piece.value)})`
          : piece.value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
        break;
      case 'star':
        result += isLast || regex ? '.*' : '.*?';
        break;
      case 'column': {
        const typed = typePatterns[piece.type];
        const anything = isLast || regex ? '.*' : '.*?';
        if (typed === undefined) result += `(${anything})`;
        else result += syntax.mode === 'relaxed' ? `(${typed}|${anything})` : `(${typed})`;
        break;
      }
    }
  });
  const flags = new Set(['s', ...(regex ? syntax.flags.replace(/[^imsU]/g, '').split('') : [])]);
  const first = syntax.pieces[0];
  const last = syntax.pieces.at(-1);
  // Simple patterns cover the whole text; a leading text of a regular expression may stand anywhere.
  const start = regex && first?.kind === 'text' ? '' : '^';
  const end = regex && last?.kind === 'text' ? '' : '$';
  return `(?${[...flags].join('')})${start}${result}${end}`;
}

function parseOperator(name: string, keepsOnlyMatches: boolean): Operator {
  return piped<ParseSyntax>({
    names: [name],
    parse: (parser, start) => readParse(parser, start, keepsOnlyMatches),
    bind(context, syntax, input) {
      const { binder } = context;
      const value = convert(
        binder.scalar(syntax.value, scopeOf(context, input)),
        'string',
        syntax.value.span,
        binder,
      );
      const captures = syntax.pieces.filter((piece) => piece.kind === 'column');
      const expression = pattern(syntax);
      const groups = binder.call('$groups', [value, constant('string', expression)], syntax.span);
      const groupsColumn = binder.column('$parsed', 'dynamic');
      const definitions: Definition[] = [];
      const checks: Bound[] = [];
      const columns: VisibleColumn[] = [...input.columns];
      captures.forEach((piece, index) => {
        const group = binder.call(
          '$group',
          [reference(groupsColumn), constant('long', BigInt(index + 1))],
          syntax.span,
        );
        const typed: Bound =
          piece.type === 'string'
            ? group
            : convert(
                binder.call('$trimmed', [group], syntax.span),
                piece.type,
                piece.name.span,
                binder,
              );
        const column = binder.column(piece.name.text, typed.type);
        const isChecked = syntax.mode !== 'relaxed' && checkedTypes.has(piece.type);
        if (isChecked) checks.push(binder.call('isnotnull', [reference(column)], syntax.span));
        definitions.push({ column, value: typed });
        const at = columns.findIndex((each) => each.name === piece.name.text);
        if (at >= 0) columns[at] = { name: piece.name.text, column };
        else columns.push({ name: piece.name.text, column });
      });
      let plan = input.plan;
      plan = {
        kind: 'extend',
        input: plan,
        definitions: [{ column: groupsColumn, value: groups }],
      };
      if (syntax.keepsOnlyMatches) {
        const matched = binder.binaryOf(
          'matches regex',
          value,
          constant('string', expression),
          syntax.span,
        );
        plan = { kind: 'filter', input: plan, predicate: matched };
      }
      plan = { kind: 'extend', input: plan, definitions };
      if (checks.length === 0) return { ...input, plan, columns };
      // What is no value of its column's type fails the whole pattern.
      const all = binder.logicalOf('and', checks);
      if (syntax.keepsOnlyMatches)
        return { ...input, plan: { kind: 'filter', input: plan, predicate: all }, columns };
      const fits = binder.column('$fits', 'bool');
      plan = { kind: 'extend', input: plan, definitions: [{ column: fits, value: all }] };
      const again = definitions.map(({ column }): Definition => ({
        column: binder.column(column.sql, column.type),
        value: binder.call(
          'iff',
          [
            reference(fits),
            reference(column),
            constant(column.type, column.type === 'string' ? '' : null),
          ],
          syntax.span,
        ),
      }));
      const shown = columns.map((each) => {
        const index = definitions.findIndex(({ column }) => column === each.column);
        return { ...each, column: again[index]?.column ?? each.column };
      });
      return {
        ...input,
        plan: { kind: 'extend', input: plan, definitions: again },
        columns: shown,
      };
    },
  });
}

/** `T | parse x with "a=" a:long " b=" b`: rows that do not fit keep empty columns. */
export const parse = parseOperator('parse', false);
/** The same, and only rows that fit. */
export const parseWhere = parseOperator('parse-where', true);
