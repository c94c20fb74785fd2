/**
 * Several properties of one dynamic, taken out of its text together: each `JSONExtract` reads the
 * whole text again, and the engine can fill a tuple in one reading. Of texts that are objects the
 * values are the same; an array would fill the tuple by position, so arrays are told apart first.
 *
 * What the WHERE reads has a tuple of its own: else a filter on one property would pay for all.
 */

import { call, infix, integer, text, type Expression as Sql, type Select } from '@strongroom/sql';
import { sharedPropertiesMax, sharedUsesMax } from '../limits.js';

/** Types whose value in a tuple is that of `JSONExtract` alone, whatever the text holds. */
const sharedTypes: ReadonlySet<string> = new Set([
  'String',
  'Nullable(Int32)',
  'Nullable(Int64)',
  'Nullable(Float64)',
]);

/** Names that stand in a type's text as they are. */
const plainKey = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** Cheap to try: the engine looks no further than the text's beginning. */
const arrayText = '^\\s*\\[';

interface Property {
  readonly root: string;
  readonly key: string;
  readonly type: string;
}

/** The property that a call takes out of a column, where it may be shared. */
function propertyOf(value: Sql): Property | undefined {
  if (value.kind !== 'call' || value.name !== 'JSONExtract' || value.args.length !== 3)
    return undefined;
  const [root, key, type] = value.args;
  return root?.kind === 'column' &&
    root.relation === undefined &&
    key?.kind === 'bound' &&
    plainKey.test(key.value) &&
    type?.kind === 'string' &&
    sharedTypes.has(type.value)
    ? { root: root.name, key: key.value, type: type.value }
    : undefined;
}

/** Lists whose parts an expression is made of; a lambda's and a sub-query's are another's. */
function partsOf(value: Sql): readonly Sql[] {
  switch (value.kind) {
    case 'call':
      return value.args;
    case 'infix':
      return value.operands;
    case 'cast':
      return [value.value];
    case 'tuple':
    case 'array':
      return value.items;
    case 'in':
      return [value.value];
    case 'between':
      return [value.value, value.low, value.high];
    default:
      return [];
  }
}

interface Found {
  readonly roots: Map<string, Map<string, Property>>;
  uses: number;
}

/**
 * Expressions without any such property. Values share parts of themselves, so a walk that does not know
 * them might never end.
 */
const bare = new WeakSet<Sql>();

function find(value: Sql, into: Found): void {
  if (bare.has(value) || into.uses > sharedUsesMax) return;
  const property = propertyOf(value);
  if (property === undefined) {
    const before = into.uses;
    for (const part of partsOf(value)) find(part, into);
    if (into.uses === before) bare.add(value);
    return;
  }
  into.uses += 1;
  let keys = into.roots.get(property.root);
  if (keys === undefined) into.roots.set(property.root, (keys = new Map()));
  if (!keys.has(property.key)) keys.set(property.key, property);
}

type Shared = ReadonlyMap<string, Sql>;

const nameOf = ({ root, key, type }: Property): string => `${type} ${key} ${root}`;

/** What stands for each property, of those roots that have several. */
function share(found: Found, into: Map<string, Sql>): void {
  for (const [root, keys] of found.roots) {
    const several = [...keys.values()].filter((each) => !into.has(nameOf(each)));
    for (let at = 0; at < several.length - 1; at += sharedPropertiesMax) {
      const properties = several.slice(at, at + sharedPropertiesMax);
      const column: Sql = { kind: 'column', name: root };
      const type = text(
        `Tuple(${properties.map((each) => `\`${each.key}\` ${each.type}`).join(', ')})`,
      );
      const read = call(
        'if',
        call('match', column, text(arrayText)),
        call('defaultValueOfTypeName', type),
        call('JSONExtract', column, type),
      );
      properties.forEach((each, index) =>
        into.set(nameOf(each), call('tupleElement', read, integer(index + 1))),
      );
    }
  }
}

function replaced(value: Sql, by: Shared): Sql {
  if (bare.has(value)) return value;
  const property = propertyOf(value);
  if (property !== undefined) return by.get(nameOf(property)) ?? value;
  const again = (part: Sql): Sql => replaced(part, by);
  switch (value.kind) {
    case 'call':
      return { ...value, args: value.args.map(again) };
    case 'infix':
      return infix(value.operator, ...value.operands.map(again));
    case 'cast':
      return { ...value, value: again(value.value) };
    case 'tuple':
    case 'array':
      return { ...value, items: value.items.map(again) };
    case 'in':
      return { ...value, value: again(value.value) };
    case 'between':
      return {
        ...value,
        value: again(value.value),
        low: again(value.low),
        high: again(value.high),
      };
    default:
      return value;
  }
}

/** The same SELECT, which reads the text of each of its dynamics once for its rows and once for its filter. */
export function withSharedPaths(query: Select): Select {
  const filtering: Found = { roots: new Map(), uses: 0 };
  const rest: Found = { roots: new Map(), uses: 0 };
  if (query.where !== undefined) find(query.where, filtering);
  for (const item of query.items) find(item.value, rest);
  for (const key of query.groupBy ?? []) find(key, rest);
  for (const item of query.orderBy ?? []) find(item.value, rest);
  const uses = filtering.uses + rest.uses;
  if (uses < 2 || uses > sharedUsesMax) return query;
  const shared = new Map<string, Sql>();
  share(filtering, shared);
  share(rest, shared);
  if (shared.size === 0) return query;
  const by = (value: Sql): Sql => replaced(value, shared);
  return {
    ...query,
    items: query.items.map((item) => ({ ...item, value: by(item.value) })),
    ...(query.where === undefined ? {} : { where: by(query.where) }),
    ...(query.groupBy === undefined ? {} : { groupBy: query.groupBy.map(by) }),
    ...(query.orderBy === undefined
      ? {}
      : { orderBy: query.orderBy.map((item) => ({ ...item, value: by(item.value) })) }),
    ...(query.limitBy === undefined
      ? {}
      : { limitBy: { ...query.limitBy, by: query.limitBy.by.map(by) } }),
  };
}
