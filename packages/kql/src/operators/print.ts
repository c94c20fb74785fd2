import { problem } from '../diagnostics.js';
import { constant, hasNull, reference, type Bound } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import { freeName, relation, type VisibleColumn } from '../semantics/relation.js';
import type { ColumnSyntax, Expression, Name, OperatorSyntax } from '../syntax/tree.js';
import { rangeRowsMax } from '../limits.js';
import { bindNamed, type NamedListSyntax } from './extend.js';
import { leading, scopeOf } from './operator.js';

/** `print a = 1, now()`. */
export const print = leading<NamedListSyntax>({
  names: ['print'],
  parse(parser, start) {
    const expressions = parser.namedExpressions();
    return { operator: 'print', expressions, span: parser.spanFrom(start) };
  },
  bind(context, syntax) {
    const columns: VisibleColumn[] = [];
    const row: Bound[] = [];
    const taken = new Set<string>();
    bindNamed(context, syntax.expressions, undefined).forEach((each, index) => {
      const isNamed = each.syntax.names.length > 0 || each.several === true;
      const name = freeName(taken, isNamed ? each.name : `print_${index}`);
      taken.add(name);
      columns.push({
        name,
        column: context.binder.column(name, each.value.type, each.value.nullable),
      });
      row.push(each.value);
    });
    return relation(
      { kind: 'values', columns: columns.map((each) => each.column), rows: [row] },
      columns,
    );
  },
});

interface DatatableSyntax extends OperatorSyntax {
  readonly columns: readonly ColumnSyntax[];
  readonly cells: readonly Expression[];
}

/** `datatable (a:long, b:string) [1, "x", 2, "y"]`. */
export const datatable = leading<DatatableSyntax>({
  names: ['datatable'],
  parse(parser, start) {
    parser.options();
    parser.expect('(');
    const columns = parser.columns();
    parser.expect(')');
    parser.expect('[');
    const cells: Expression[] = [];
    while (!parser.is(']')) {
      cells.push(parser.expression());
      if (!parser.accept(',')) break;
    }
    parser.expect(']');
    return { operator: 'datatable', columns, cells, span: parser.spanFrom(start) };
  },
  bind(context, syntax) {
    const width = syntax.columns.length;
    if (width === 0) problem('SEM0019', 'A datatable needs columns', syntax.span);
    if (syntax.cells.length % width !== 0) {
      problem(
        'SEM0019',
        `The datatable has ${width} columns, which ${syntax.cells.length} values do not fill`,
        syntax.span,
      );
    }
    const scope = scopeOf(context, undefined);
    const rows: Bound[][] = [];
    const nullable = new Set<number>();
    syntax.cells.forEach((cell, index) => {
      if (index % width === 0) rows.push([]);
      const column = syntax.columns[index % width] as ColumnSyntax;
      const bound = convert(
        context.binder.scalar(cell, scope),
        column.type,
        cell.span,
        context.binder,
      );
      if (bound.nullable) nullable.add(index % width);
      rows.at(-1)?.push(bound);
    });
    const columns = syntax.columns.map((each, index): VisibleColumn => ({
      name: each.name,
      column: context.binder.column(
        each.name,
        each.type,
        nullable.has(index) || hasNull(each.type),
      ),
    }));
    return relation(
      { kind: 'values', columns: columns.map((each) => each.column), rows },
      columns,
      { serialized: true },
    );
  },
});

interface RangeSyntax extends OperatorSyntax {
  readonly name: Name;
  readonly from: Expression;
  readonly to: Expression;
  readonly step: Expression | undefined;
}

/** `range x from 1 to 10 step 2`. */
export const range = leading<RangeSyntax>({
  names: ['range'],
  parse(parser, start) {
    const name = parser.name();
    parser.expect('from');
    const from = parser.expression();
    parser.expect('to');
    const to = parser.expression();
    const step = parser.accept('step') ? parser.expression() : undefined;
    return { operator: 'range', name, from, to, step, span: parser.spanFrom(start) };
  },
  bind(context, syntax) {
    const { binder } = context;
    const scope = scopeOf(context, undefined);
    let from = binder.scalar(syntax.from, scope);
    let to = binder.scalar(syntax.to, scope);
    let step = syntax.step === undefined ? constant('long', 1n) : binder.scalar(syntax.step, scope);
    if (syntax.step === undefined && from.type === 'datetime')
      step = constant('timespan', 36_000_000_000n);
    const numeric = [from, to, step].every(
      (each) => each.type === 'long' || each.type === 'int' || each.type === 'real',
    );
    if (numeric) {
      const type = [from, to, step].some((each) => each.type === 'real') ? 'real' : 'long';
      from = convert(from, type, syntax.from.span, binder);
      to = convert(to, type, syntax.to.span, binder);
      step = convert(step, type, syntax.span, binder);
    } else if (
      from.type !== to.type ||
      (from.type !== 'datetime' && from.type !== 'timespan') ||
      step.type !== 'timespan'
    ) {
      problem(
        'KS107',
        `A range from ${from.type} to ${to.type} by ${step.type} is not possible`,
        syntax.span,
      );
    }
    const index = binder.column('$n', 'long', false);
    const span = syntax.span;
    const length = binder.arithmetic('-', to, from, span);
    const steps =
      length.type === 'real'
        ? binder.call(
            'floor',
            [binder.arithmetic('/', length, step, span), constant('real', 1)],
            span,
          )
        : countOf(length, step);
    const count =
      steps === undefined
        ? binder.call(
            'tolong',
            [
              binder.arithmetic(
                '+',
                binder.call(
                  'floor',
                  [
                    binder.arithmetic(
                      '/',
                      convert(length, 'real', span, binder),
                      convert(step, 'real', span, binder),
                      span,
                    ),
                    constant('real', 1),
                  ],
                  span,
                ),
                constant('real', 1),
                span,
              ),
            ],
            span,
          )
        : typeof steps === 'bigint'
          ? steps
          : binder.call('tolong', [binder.arithmetic('+', steps, constant('real', 1), span)], span);
    const rows =
      typeof count !== 'bigint' && count.kind === 'constant' && typeof count.value === 'bigint'
        ? count.value < 0n
          ? 0n
          : count.value
        : count;
    if (typeof rows === 'bigint' && rows > rangeRowsMax) {
      problem('KQL_LIMIT', `The range has ${rows} rows; at most ${rangeRowsMax} are made`, span);
    }
    const name = syntax.name.text;
    const value = binder.arithmetic(
      '+',
      from,
      binder.arithmetic('*', step, reference(index), span),
      span,
    );
    const column = binder.column(name, from.type, value.nullable);
    return relation(
      {
        kind: 'extend',
        input: { kind: 'numbers', column: index, count: rows },
        definitions: [{ column, value }],
      },
      [{ name, column }],
      { serialized: true },
    );
  },
});

function countOf(length: Bound, step: Bound): bigint | undefined {
  if (length.kind !== 'constant' || step.kind !== 'constant') return undefined;
  if (typeof length.value !== 'bigint' || typeof step.value !== 'bigint') return undefined;
  if (
    step.value === 0n ||
    length.value / step.value < 0n ||
    (length.value < 0n && step.value > 0n) ||
    (length.value > 0n && step.value < 0n)
  )
    return 0n;
  return length.value / step.value + 1n;
}
