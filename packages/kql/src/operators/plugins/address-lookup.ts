/** `ipv4_lookup` and `ipv6_lookup`: a join in which networks match the addresses in them. */

import { problem } from '../../diagnostics.js';
import { Environment } from '../../semantics/environment.js';
import { columnNamed, freeName, relation, type Relation } from '../../semantics/relation.js';
import type { NamedExpression } from '../../syntax/tree.js';
import { scopeOf, type BindContext } from '../operator.js';
import { boundQuery } from './in-kql.js';
import type { Plugin, PluginCall } from './plugin.js';

/** How one family's addresses are read, in KQL. */
interface Family {
  readonly name: string;
  /** The length of a text's prefix, null where it is no address. */
  readonly prefix: (address: string) => string;
  readonly masked: (address: string, length: string) => string;
}

const slash = (address: string): string => `toint(split(${address}, '/')[1])`;

const families: readonly Family[] = [
  {
    name: 'ipv4_lookup',
    prefix: (address) => `tolong(ipv4_netmask_suffix(${address}))`,
    masked: (address, length) => `tostring(parse_ipv4_mask(${address}, ${length}))`,
  },
  {
    name: 'ipv6_lookup',
    // An IPv4 address is the one mapped into IPv6, 96 bits further on.
    prefix: (address) =>
      `tolong(case(isempty(parse_ipv6_mask(${address}, 128)), int(null), ${address} !contains '/', 128,
        ${address} contains ':', ${slash(address)}, 96 + ${slash(address)}))`,
    masked: (address, length) => `parse_ipv6_mask(${address}, ${length})`,
  },
];

export const addressLookups: readonly Plugin[] = families.map((family) => ({
  name: family.name,
  bind: (context, call, input) => bind(family, context, call, input),
}));

interface LookupArguments {
  readonly table: NamedExpression;
  readonly source: NamedExpression;
  readonly key: NamedExpression;
  /** Columns that both tables have, and whose values must be equal too. */
  readonly extra: readonly NamedExpression[];
  readonly unmatched: NamedExpression | undefined;
}

/** `LookupTable, SourceKey, LookupKey [, ExtraKey…] [, return_unmatched]`. */
function argumentsOf(context: BindContext, call: PluginCall, input: Relation): LookupArguments {
  const [table, source, key, ...rest] = call.args;
  const last = rest.at(-1);
  const isFlag =
    last !== undefined &&
    (last.names[0]?.text === 'return_unmatched' ||
      last.value.kind !== 'name' ||
      columnNamed(input.columns, last.value.name) === undefined);
  const extra = isFlag ? rest.slice(0, -1) : rest;
  const isNamed = [table, source, key, ...extra].some((each) => (each?.names.length ?? 0) > 0);
  if (table === undefined || source === undefined || key === undefined || isNamed) {
    const names = 'LookupTable, SourceKey, LookupKey, further keys and return_unmatched';
    problem('KS119', `${call.plugin.text}() takes ${names}`, call.span);
  }
  return { table, source, key, extra, unmatched: isFlag ? last : undefined };
}

/**
 * Two prefixes match where they are alike under the shorter of both. So each different address is
 * repeated for the lengths that the networks have and the other way round (where an address's own
 * length is one, as a rule), and they are joined by equality.
 */
function bind(
  { prefix, masked }: Family,
  context: BindContext,
  call: PluginCall,
  input: Relation,
): Relation {
  const { binder } = context;
  const { table, source, key, extra, unmatched } = argumentsOf(context, call, input);
  const lookup = binder.table(table.value, scopeOf(context, undefined));
  const wantsAll =
    unmatched !== undefined &&
    binder.constantOf(unmatched.value, scopeOf(context, undefined), 'return_unmatched') === true;
  const extraOf = (of: Relation) =>
    extra.map((each, index) => ({
      name: `$key${index}`,
      value: binder.scalar(each.value, scopeOf(context, of)),
    }));
  const left = binder.extend(input, [
    { name: '$address', value: binder.scalar(source.value, scopeOf(context, input)) },
    ...extraOf(input),
  ]);
  const right = binder.extend(lookup, [
    { name: '$network', value: binder.scalar(key.value, scopeOf(context, lookup)) },
    ...extraOf(lookup),
  ]);
  // The input's columns are C0…, those of the lookup table R0….
  const side = (of: typeof left, letter: string): Relation =>
    relation(of.relation.plan, [
      ...of.relation.columns.map(({ column }, index) => ({ name: `${letter}${index}`, column })),
      ...of.columns.map((column, index) => ({
        name: index === 0 ? 'Address' : `E${index - 1}`,
        column,
      })),
    ]);
  const environment = new Environment();
  environment.set('T', { kind: 'made', make: () => side(left, 'C') });
  environment.set('L', { kind: 'made', make: () => side(right, 'R') });
  // As with the operator `lookup`, keys of one name are one column.
  const keys = new Set(extra.map(({ value }) => binder.nameFor(value, scopeOf(context, lookup))));
  const added = lookup.columns
    .map((each, index) => ({ ...each, at: `R${index}` }))
    .filter((each) => !keys.has(each.name));
  const found = added.map((each) => each.at).join(', ');
  const alike = extra.map((_, index) => `, E${index}`).join('');
  const kept = input.columns.map((_, index) => `C${index}`).join(', ');
  const made = boundQuery(
    context,
    call,
    environment,
    `let Addresses = T | distinct Address | extend Own = ${prefix('Address')} | where isnotnull(Own);
    let Networks = L | extend Length = ${prefix('Address')} | where isnotnull(Length);
    let Lengths = toscalar(Networks | summarize make_set(Length));
    let Owns = toscalar(Addresses | summarize make_set(Own));
    let Matches = Addresses
      | mv-expand Length = Lengths to typeof(long)
      | extend Masked = ${masked('Address', 'min_of(Length, Own)')}
      | join kind=inner (
          Networks
          | mv-expand Own = Owns to typeof(long)
          | extend Masked = ${masked('Address', 'min_of(Length, Own)')}
          | project Own, Length, Masked${alike}, ${found}
        ) on Own, Length, Masked
      | project Address${alike}, ${found};
    T
    | join kind=${wantsAll ? 'leftouter' : 'inner'} Matches on Address${alike}
    | project ${[kept, found].filter((each) => each !== '').join(', ')}`,
  );
  const taken = new Set<string>();
  const named = [...input.columns, ...added].map(({ name: text }) => {
    const free = freeName(taken, text);
    taken.add(free);
    return free;
  });
  return relation(
    made.plan,
    made.columns.map((each, index) => ({ ...each, name: named[index] ?? each.name })),
  );
}
