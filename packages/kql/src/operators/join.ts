import type { ScalarType } from '@strongroom/sql';
import { problem, notSupported, type Span } from '../diagnostics.js';
import type { JoinKind, Plan } from '../plan/plan.js';
import { hasNull, reference, type Bound, type Column } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import {
  columnNamed,
  freeName,
  relation,
  type Relation,
  type VisibleColumn,
} from '../semantics/relation.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import type { Parser } from '../syntax/parser.js';
import { piped, scopeOf, type BindContext } from './operator.js';

interface JoinSyntax extends OperatorSyntax {
  readonly kind: string;
  readonly kindSpan: Span;
  readonly right: Expression;
  readonly on: readonly Expression[];
}

const joinKinds: Readonly<Record<string, JoinKind | 'innerunique'>> = {
  innerunique: 'innerunique',
  inner: 'inner',
  left: 'leftouter',
  leftouter: 'leftouter',
  right: 'rightouter',
  rightouter: 'rightouter',
  full: 'fullouter',
  fullouter: 'fullouter',
  outer: 'fullouter',
  leftsemi: 'leftsemi',
  semi: 'leftsemi',
  rightsemi: 'rightsemi',
  leftanti: 'leftanti',
  leftantisemi: 'leftanti',
  anti: 'leftanti',
  rightanti: 'rightanti',
  rightantisemi: 'rightanti',
  cross: 'cross',
};

function parseJoin(parser: Parser, start: number, operator: string, usual: string): JoinSyntax {
  const options = parser.options(['kind']);
  const kind = options.get('kind');
  const right = parser.is('(') ? parser.expression() : parser.expression();
  const on: Expression[] = [];
  if (parser.accept('on')) {
    do on.push(parser.expression());
    while (parser.accept(','));
  } else if (parser.is('where'))
    notSupported(`'${operator} … where'`, parser.spanFrom(start), 'Write on … instead.');
  return {
    operator,
    kind: kind?.value ?? usual,
    kindSpan: kind?.span ?? parser.spanFrom(start),
    right,
    on,
    span: parser.spanFrom(start),
  };
}

interface KeyPair {
  readonly left: Bound;
  readonly right: Bound;
  /** The names, where both sides are plain columns. */
  readonly names: { readonly left: string; readonly right: string } | undefined;
}

/** `on a, $left.b == $right.c and $left.d == $right.e`. */
function bindOn(
  context: BindContext,
  on: readonly Expression[],
  left: Relation,
  right: Relation,
): KeyPair[] {
  const sides = { left, right };
  const pairs: KeyPair[] = [];
  const add = (value: Expression): void => {
    if (value.kind === 'logical' && value.operator === 'and') {
      for (const term of value.terms) add(term);
      return;
    }
    if (value.kind === 'name') {
      const [a, b] = [
        columnNamed(left.columns, value.name),
        columnNamed(right.columns, value.name),
      ];
      const side = a === undefined ? left : right;
      if (a === undefined || b === undefined) {
        context.binder.columnsLike(value.name, value.span, side);
        return;
      }
      pairs.push(
        pair(context, reference(a), reference(b), value.span, {
          left: value.name,
          right: value.name,
        }),
      );
      return;
    }
    if (value.kind === 'binary' && value.operator === '==') {
      const scope = { input: undefined, environment: context.environment, sides };
      const swapped = sideOf(value.left) === '$right' || sideOf(value.right) === '$left';
      const [a, b] = swapped ? [value.right, value.left] : [value.left, value.right];
      const names =
        a.kind === 'member' && b.kind === 'member' ? { left: a.name, right: b.name } : undefined;
      pairs.push(
        pair(
          context,
          context.binder.scalar(a, scope),
          context.binder.scalar(b, scope),
          value.span,
          names,
        ),
      );
      return;
    }
    problem('SEM0019', "A join's condition is column names or '$left.a == $right.b'", value.span);
  };
  for (const value of on) add(value);
  return pairs;
}

function sideOf(value: Expression): string | undefined {
  switch (value.kind) {
    case 'member':
      return value.target.kind === 'name' &&
        (value.target.name === '$left' || value.target.name === '$right')
        ? value.target.name
        : sideOf(value.target);
    case 'call':
      for (const arg of value.args) {
        const side = sideOf(arg.value);
        if (side !== undefined) return side;
      }
      return undefined;
    default:
      return undefined;
  }
}

function pair(
  context: BindContext,
  left: Bound,
  right: Bound,
  span: Span,
  names: KeyPair['names'],
): KeyPair {
  let [a, b] = [left, right];
  if (a.type !== b.type) {
    const whole = (type: ScalarType): boolean => type === 'int' || type === 'long';
    if (!whole(a.type) || !whole(b.type)) {
      problem(
        'KS242',
        `A ${a.type} cannot be joined with a ${b.type}`,
        span,
        'Convert one of them first.',
      );
    }
    a = convert(a, 'long', span, context.binder);
    b = convert(b, 'long', span, context.binder);
  } else if (a.type === 'dynamic') {
    a = convert(a, 'string', span, context.binder);
    b = convert(b, 'string', span, context.binder);
  }
  return { left: a, right: b, names };
}

function combined(
  context: BindContext,
  kind: JoinKind,
  left: Relation,
  right: Relation,
  keys: readonly KeyPair[],
  rightColumns: readonly VisibleColumn[],
): Relation {
  const columns: { column: Column; of: Column; side: 'left' | 'right' }[] = [];
  const visible: VisibleColumn[] = [];
  const taken = new Set<string>();
  // A new name is one that neither side has.
  const given = new Set([...left.columns, ...rightColumns].map((each) => each.name));
  const isKnown = { has: (name: string) => taken.has(name) || given.has(name) };
  const add = (each: VisibleColumn, side: 'left' | 'right', missing: boolean): void => {
    const name = taken.has(each.name) ? freeName(isKnown, each.name) : each.name;
    taken.add(name);
    const column = context.binder.column(
      name,
      each.column.type,
      each.column.nullable || (missing && hasNull(each.column.type)),
    );
    columns.push({ column, of: each.column, side });
    visible.push({ name, column });
  };
  const onlyLeft = kind === 'leftsemi' || kind === 'leftanti';
  const onlyRight = kind === 'rightsemi' || kind === 'rightanti';
  if (!onlyRight)
    for (const each of left.columns)
      add(each, 'left', kind === 'rightouter' || kind === 'fullouter');
  if (!onlyLeft)
    for (const each of rightColumns)
      add(each, 'right', kind === 'leftouter' || kind === 'fullouter');
  const plan: Plan = {
    kind: 'join',
    join: kind,
    left: left.plan,
    right: right.plan,
    keys: keys.map((key) => ({ left: key.left, right: key.right })),
    columns,
  };
  return relation(plan, visible);
}

/** `T | join kind=inner (U) on a`. The default kind takes one row of each key from the left. */
export const join = piped<JoinSyntax>({
  names: ['join'],
  parse: (parser, start) => parseJoin(parser, start, 'join', 'innerunique'),
  bind(context, syntax, input) {
    const kind = Object.hasOwn(joinKinds, syntax.kind) ? joinKinds[syntax.kind] : undefined;
    if (kind === undefined)
      problem(
        'SEM0019',
        `'${syntax.kind}' is not a kind of join`,
        syntax.kindSpan,
        `One of ${Object.keys(joinKinds).join(', ')}.`,
      );
    const right = context.binder.table(syntax.right, scopeOf(context, undefined));
    const keys = bindOn(context, syntax.on, input, right);
    if (keys.length === 0 && kind !== 'cross')
      problem('SEM0019', "A join needs 'on' with its columns", syntax.span);
    if (kind !== 'innerunique') return combined(context, kind, input, right, keys, right.columns);
    const named = context.binder.extend(
      input,
      keys.map((key, index) => ({ name: `$key${index}`, value: key.left })),
    );
    const deduped: Relation = {
      ...named.relation,
      plan: { kind: 'limit-by', input: named.relation.plan, count: 1n, keys: named.columns },
    };
    const uniqueKeys = keys.map((key, index) => ({
      ...key,
      left: reference(named.columns[index] as Column),
    }));
    return combined(context, 'inner', deduped, right, uniqueKeys, right.columns);
  },
});

/** `T | lookup (U) on a`: the right side's key columns do not come along. */
export const lookup = piped<JoinSyntax>({
  names: ['lookup'],
  parse: (parser, start) => parseJoin(parser, start, 'lookup', 'leftouter'),
  bind(context, syntax, input) {
    if (syntax.kind !== 'leftouter' && syntax.kind !== 'inner') {
      problem(
        'SEM0019',
        `'${syntax.kind}' is not a kind of lookup`,
        syntax.kindSpan,
        'One of leftouter, inner.',
      );
    }
    const right = context.binder.table(syntax.right, scopeOf(context, undefined));
    const keys = bindOn(context, syntax.on, input, right);
    if (keys.length === 0) problem('SEM0019', "A lookup needs 'on' with its columns", syntax.span);
    const keyNames = new Set(
      keys.flatMap((key) => (key.names === undefined ? [] : [key.names.right])),
    );
    return combined(
      context,
      syntax.kind,
      input,
      right,
      keys,
      right.columns.filter((each) => !keyNames.has(each.name)),
    );
  },
});
