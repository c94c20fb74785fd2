import { invariant } from '@strongroom/base';
import {
  array,
  call,
  column as named,
  infix,
  integer,
  lambda,
  text,
  tuple,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import { aggregateNamed } from '../aggregates/index.js';
import type { AggregateRow } from '../aggregates/row.js';
import { notSupported, problem, type Span } from '../diagnostics.js';
import { asJsonElement } from '../functions/conversion.js';
import type { FunctionRow } from '../functions/row.js';
import { seriesElementsMax } from '../limits.js';
import type { AggregateCall, Definition, Plan } from '../plan/plan.js';
import { constant, reference, type Bound } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import { freeName, relation, type VisibleColumn } from '../semantics/relation.js';
import type { ConstantValue, Expression, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf, type BindContext } from './operator.js';
import { bindSummarize } from './summarize.js';

interface SeriesSyntax extends OperatorSyntax {
  readonly aggregates: readonly {
    readonly expression: NamedExpression;
    readonly fallback: Expression | undefined;
  }[];
  readonly axis: NamedExpression;
  readonly from: Expression | undefined;
  readonly to: Expression | undefined;
  readonly step: Expression;
  /** `in range(start, stop, step)`: `stop` belongs to it, and bins are those of `bin()`. */
  readonly inRange: boolean;
  readonly keys: readonly NamedExpression[];
  /** `kind=nonempty`: a row of defaults where there is nothing. */
  readonly nonEmpty: boolean;
}

/** `T | make-series n = count() default = 0 on t from a to b step 1h by k`: arrays over even bins. */
export const makeSeries = piped<SeriesSyntax>({
  names: ['make-series'],
  parse(parser, start) {
    const kind = parser.options(['kind']).get('kind');
    if (kind !== undefined && kind.value !== 'nonempty')
      problem('SYN0002', `'${kind.value}' is not a kind of make-series`, kind.span);
    const aggregates: SeriesSyntax['aggregates'][number][] = [];
    do {
      const expression = parser.namedExpression();
      let fallback: Expression | undefined;
      if (parser.accept('default')) {
        parser.expect('=');
        fallback = parser.expression();
      }
      aggregates.push({ expression, fallback });
    } while (parser.accept(','));
    parser.expect('on');
    const at = parser.start;
    const isRange = parser.is('in', parser.isBracketedName() ? 3 : 1);
    let axis: NamedExpression;
    let from: Expression | undefined;
    let to: Expression | undefined;
    let step: Expression;
    if (isRange) {
      const name = parser.name('a column');
      axis = {
        names: [],
        value: { kind: 'name', name: name.text, span: name.span },
        span: parser.spanFrom(at),
      };
      parser.expect('in');
      parser.expect('range');
      parser.expect('(');
      from = parser.expression();
      parser.expect(',');
      to = parser.expression();
      parser.expect(',');
      step = parser.expression();
      parser.expect(')');
    } else {
      axis = parser.namedExpression();
      if (parser.accept('from')) from = parser.expression();
      if (parser.accept('to')) to = parser.expression();
      parser.expect('step');
      step = parser.expression();
    }
    const keys = parser.accept('by') ? parser.namedExpressions() : [];
    return {
      operator: 'make-series',
      aggregates,
      axis,
      from,
      to,
      step,
      inRange: isRange,
      keys,
      nonEmpty: kind !== undefined,
      span: parser.spanFrom(start),
    };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const { span } = syntax;
    const scope = scopeOf(context, input);
    const outside = scopeOf(context, undefined);
    const bounds = axisOf(context, syntax, binder.scalar(syntax.axis.value, scope));
    const { axis, from, to, step, type } = bounds;
    const origin = syntax.inRange || from === undefined ? zero(type) : from;
    const indexOf = (value: Bound, row: FunctionRow = binIndex): Bound =>
      binder.made(row, row.name, [value, origin, step]);
    const lo = from === undefined ? undefined : indexOf(from);
    const hi = to === undefined ? undefined : indexOf(to, syntax.inRange ? binIndex : binBefore);
    checkLength(bounds, syntax);

    const conditions: Bound[] = [];
    if (from !== undefined) conditions.push(binder.compare('>=', axis, from, span));
    if (to !== undefined)
      conditions.push(binder.compare(syntax.inRange ? '<=' : '<', axis, to, span));
    const index = binder.column('$index', 'long');
    const number = indexOf(axis);
    // Comparisons leave nulls out; an infinite real is in no bin either.
    if (type === 'real' || (conditions.length === 0 && axis.nullable))
      conditions.push(binder.call('isnotnull', [type === 'real' ? number : axis], span));
    let plan: Plan = input.plan;
    for (const predicate of conditions) plan = { kind: 'filter', input: plan, predicate };
    plan = { kind: 'extend', input: plan, definitions: [{ column: index, value: number }] };

    // First each bin's values …
    const made = bindSummarize(
      context,
      syntax.aggregates.map((each) => each.expression),
      syntax.keys,
      { ...input, plan },
      true,
    );
    const [grouped, after] =
      made.plan.kind === 'extend' ? [made.plan.input, made.plan] : [made.plan, undefined];
    invariant(grouped.kind === 'aggregate', 'summarize makes an aggregate');
    const bin = binder.column('$bin', 'long', false);
    const keyed: Plan = {
      ...grouped,
      keys: [...grouped.keys, { column: bin, value: reference(index) }],
    };
    const binned: Plan = after === undefined ? keyed : { ...after, input: keyed };

    // … then each series' bins in a row.
    const keyCount = grouped.keys.length;
    const keys: Definition[] = [];
    const columns: VisibleColumn[] = made.columns.slice(0, keyCount).map((each) => {
      const column = binder.column(each.name, each.column.type, each.column.nullable);
      keys.push({ column, value: reference(each.column) });
      return { name: each.name, column };
    });
    const values = made.columns.slice(keyCount);
    if (values.length !== syntax.aggregates.length)
      notSupported('An aggregate of several columns in make-series', span);
    const calls: AggregateCall[] = [];
    const add = (row: AggregateRow, args: readonly Bound[], name: string): void => {
      const column = binder.column(name, 'dynamic', false);
      calls.push({ kind: 'call', row, args, columns: [column] });
      columns.push({ name, column });
    };
    const missing = constant('long', null);
    const place = [reference(bin), lo ?? missing, hi ?? missing];
    values.forEach((each, number) => {
      const given = syntax.aggregates[number]?.fallback;
      const fallback =
        given === undefined
          ? zero(each.column.type)
          : convert(binder.scalar(given, outside), each.column.type, given.span, binder);
      add(seriesRow, [...place, reference(each.column), fallback], each.name);
    });
    const axisName = syntax.axis.names[0]?.text ?? binder.nameFor(syntax.axis.value, scope);
    const taken = new Set(columns.map((each) => each.name));
    add(
      axisRow,
      [...place, convert(origin, type, span, binder), step],
      freeName(taken, axisName === '' ? 'Column1' : axisName),
    );
    const series = { kind: 'aggregate', input: binned, keys, aggregates: calls } as const;
    if (keyCount > 0 || syntax.nonEmpty) return relation(series, columns);
    // Without keys the engine gives a row of nothing too, which make-series does not.
    const count = aggregateNamed('count');
    invariant(count !== undefined, 'count is in a table');
    const bins = binder.column('$bins', 'long', false);
    const counted = {
      ...series,
      aggregates: [...calls, { kind: 'call', row: count, args: [], columns: [bins] }],
    } as const;
    const predicate = binder.compare('>', reference(bins), constant('long', 0n), span);
    return relation({ kind: 'filter', input: counted, predicate }, columns);
  },
});

interface Axis {
  readonly axis: Bound;
  readonly from: Bound | undefined;
  readonly to: Bound | undefined;
  readonly step: Bound;
  readonly type: ScalarType;
}

/** The axis and its bounds, of types that go together. */
function axisOf(context: BindContext, syntax: SeriesSyntax, axis: Bound): Axis {
  const { binder } = context;
  const outside = scopeOf(context, undefined);
  const read = (value: Expression | undefined): Bound | undefined =>
    value === undefined ? undefined : binder.scalar(value, outside);
  const [from, to] = [read(syntax.from), read(syntax.to)];
  const step = binder.scalar(syntax.step, outside);
  const given = [axis, from, to, step].filter((each) => each !== undefined);
  let type: ScalarType = axis.type;
  let stepType: ScalarType = type;
  if (type === 'datetime' || type === 'timespan') stepType = 'timespan';
  else if (type === 'int' || type === 'long' || type === 'real') {
    type = given.some((each) => each.type === 'real') ? 'real' : 'long';
    stepType = type;
  } else problem('KS107', `A series over ${type} is not possible`, syntax.axis.span);
  const fitted = (value: Bound, to: ScalarType, span: Span): Bound => {
    const fits =
      value.type === to ||
      value.type === 'dynamic' ||
      (to === 'real' && (value.type === 'long' || value.type === 'int')) ||
      (to === 'long' && value.type === 'int');
    if (!fits) problem('KS107', `A value of type ${to} is expected, not ${value.type}`, span);
    return convert(value, to, span, binder);
  };
  const bound = (value: Bound | undefined, at: Expression | undefined): Bound | undefined =>
    value === undefined ? undefined : fitted(value, type, at?.span ?? syntax.span);
  const size = fitted(step, stepType, syntax.step.span);
  if (size.kind === 'constant' && (size.value === null || !(Number(size.value) > 0)))
    problem('SEM0101', 'The step must be positive', syntax.step.span);
  return {
    axis: convert(axis, type, syntax.axis.span, binder),
    from: bound(from, syntax.from),
    to: bound(to, syntax.to),
    step: size,
    type,
  };
}

function checkLength(axis: Axis, syntax: SeriesSyntax): void {
  const { from, to, step } = axis;
  if (from?.kind !== 'constant' || to?.kind !== 'constant' || step.kind !== 'constant') return;
  const bins = (Number(to.value) - Number(from.value)) / Number(step.value);
  if (bins > seriesElementsMax) {
    problem('KQL_LIMIT', `A series has more than ${seriesElementsMax} elements`, syntax.span);
  }
}

/** What stands for an empty bin where nothing else is asked for; null for types without a zero. */
function zero(type: ScalarType): Bound {
  switch (type) {
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return constant(type, 0n);
    case 'real':
      return constant(type, 0);
    case 'decimal':
      return constant(type, '0');
    default:
      return constant(type, null);
  }
}

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const one = integer(1, 'Int64');
/** Rows without a bin are filtered out before. */
const binOf = (args: readonly Sql[]): Sql => call('assumeNotNull', at(args, 0));
/** A JSON array; a dynamic is never the engine's NULL. */
const bracketed = (elements: Sql): Sql =>
  call('ifNull', call('concat', text('['), elements, text(']')), text('[]'));

function floorOf(values: readonly ConstantValue[], less: bigint): bigint | undefined {
  const [value, origin, step] = values;
  if (typeof value !== 'bigint' || typeof origin !== 'bigint' || typeof step !== 'bigint')
    return undefined;
  const offset = value - less - origin;
  return (offset - (((offset % step) + step) % step)) / step;
}

/** The bin's number: how many steps before the value, counted from the origin. */
const binIndex: FunctionRow = {
  name: '$bin-index',
  takes: 'scalar, scalar, scalar',
  gives: 'long',
  nulls: 'always',
  fold: (values) => floorOf(values, 0n),
  sql: (args, context) => {
    const [value, origin, step] = [at(args, 0), at(args, 1), at(args, 2)];
    const offset = infix('-', value, origin);
    if (context.args[0]?.type === 'real')
      return call(
        'accurateCastOrNull',
        call('floor', infix('/', offset, step)),
        text('Nullable(Int64)'),
      );
    const size = call('greatest', step, one);
    const rest = call('toInt64', call('positiveModulo', offset, size));
    return call('toInt64', call('intDiv', infix('-', offset, rest), size));
  },
};

/** The number of the last bin that begins before the value. */
const binBefore: FunctionRow = {
  ...binIndex,
  name: '$bin-before',
  fold: (values) => floorOf(values, 1n),
  sql: (args, context) => {
    if (context.args[0]?.type !== 'real')
      return binIndex.sql([infix('-', at(args, 0), one), ...args.slice(1)], context);
    const bins = infix('/', infix('-', at(args, 0), at(args, 1)), at(args, 2));
    return call(
      'accurateCastOrNull',
      infix('-', call('ceil', bins), integer(1)),
      text('Nullable(Int64)'),
    );
  },
};

const isConstant = (bound: Bound | undefined, value?: null): boolean =>
  bound?.kind === 'constant' && (value === undefined || bound.value === value);

/** The first and the last bin's number: the given ones, or those that the series has values in. */
function ends(args: readonly Sql[], bounds: readonly Bound[]): { lo: Sql; hi: Sql } {
  const given = (index: number): boolean => !isConstant(bounds[index], null);
  const lo = given(1) ? at(args, 1) : call('min', binOf(args));
  const hi = given(2) ? at(args, 2) : call('max', binOf(args));
  const known = (value: Sql, otherwise: bigint): Sql =>
    call('ifNull', value, integer(otherwise, 'Int64'));
  // Known bounds were looked at while binding.
  if (given(1) && given(2) && isConstant(bounds[1]) && isConstant(bounds[2])) return { lo, hi };
  const count = infix('-', hi, lo);
  const long = call(
    'throwIf',
    call('ifNull', infix('>', count, integer(seriesElementsMax)), integer(0)),
    text(`make-series: a series has more than ${seriesElementsMax} elements`),
  );
  return { lo: infix('+', known(lo, 0n), long), hi: known(hi, -1n) };
}

/** Arguments: bin, first bin, last bin, value, default. */
const seriesRow: AggregateRow = {
  name: '$series',
  takes: 'scalar, scalar, scalar, scalar, scalar',
  gives: 'dynamic',
  sql: (args, context) => {
    const { lo, hi } = ends(args, context.args);
    const element = asJsonElement(at(args, 3), context.args[3] as Bound);
    const gap = call('concat', text(','), asJsonElement(at(args, 4), context.args[4] as Bound));
    const pairs = call(
      'arraySort',
      lambda(['x'], call('tupleElement', named('x'), integer(1))),
      call('groupArray', tuple(binOf(args), element)),
    );
    const bins = call(
      'arrayMap',
      lambda(['x'], call('tupleElement', named('x'), integer(1))),
      pairs,
    );
    const before = call(
      'arrayConcat',
      array(infix('-', lo, integer(1))),
      call('arrayPopBack', bins),
    );
    const repeated = (from: Sql, to: Sql): Sql =>
      call(
        'repeat',
        gap,
        call('greatest', infix('-', infix('-', to, from), integer(1)), integer(0)),
      );
    const pieces = call(
      'arrayMap',
      lambda(
        ['x', 'p'],
        call(
          'concat',
          repeated(named('p'), call('tupleElement', named('x'), integer(1))),
          text(','),
          call('tupleElement', named('x'), integer(2)),
        ),
      ),
      pairs,
      call('arraySlice', before, integer(1), call('length', bins)),
    );
    const last = call(
      'if',
      call('empty', bins),
      infix('-', lo, integer(1)),
      call('arrayElement', bins, integer(-1)),
    );
    const whole = call(
      'concat',
      call('arrayStringConcat', pieces),
      repeated(last, infix('+', hi, integer(1))),
    );
    return bracketed(call('substring', whole, integer(2)));
  },
};

/** Arguments: bin, first bin, last bin, origin, step. */
const axisRow: AggregateRow = {
  name: '$axis',
  takes: 'scalar, scalar, scalar, scalar, scalar',
  gives: 'dynamic',
  sql: (args, context) => {
    const { lo, hi } = ends(args, context.args);
    const value = infix('+', at(args, 3), infix('*', named('n'), at(args, 4)));
    const elements = call(
      'arrayMap',
      lambda(
        ['n'],
        asJsonElement(call('assumeNotNull', value), {
          kind: 'column',
          type: context.args[3]?.type ?? 'long',
          nullable: false,
          column: { type: 'long', nullable: false, sql: 'n' },
        }),
      ),
      call('range', lo, infix('+', hi, integer(1))),
    );
    return bracketed(call('arrayStringConcat', elements, text(',')));
  },
};
