/** `ipv4_lookup` and `ipv6_lookup`: a join in which networks match the addresses in them. */

import { problem } from '../../diagnostics.js';
import { Environment } from '../../semantics/environment.js';
import { freeName, relation, type Relation } from '../../semantics/relation.js';
import { scopeOf, type BindContext } from '../operator.js';
import { boundQuery } from './in-kql.js';
import { pluginArguments, type Plugin, type PluginCall } from './plugin.js';

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

/**
 * Two prefixes match where they are alike under the shorter of both. So each different address is
 * repeated for the lengths that the networks have and the other way round (where an address's own
 * length is one, as a rule), and they are joined by equality.
 */
function bind(
  { name, prefix, masked }: Family,
  context: BindContext,
  call: PluginCall,
  input: Relation,
): Relation {
  const { binder } = context;
  const [table, source, key, unmatched] = pluginArguments(call, [
    'LookupTable',
    'SourceKey',
    'LookupKey',
    'return_unmatched',
  ]);
  if (table === undefined || source === undefined || key === undefined)
    problem('KS119', `${name}() takes LookupTable, SourceKey and LookupKey`, call.span);
  const lookup = binder.table(table.value, scopeOf(context, undefined));
  const wantsAll =
    unmatched !== undefined &&
    binder.constantOf(unmatched.value, scopeOf(context, undefined), 'return_unmatched') === true;
  const left = binder.extend(input, [
    { name: '$address', value: binder.scalar(source.value, scopeOf(context, input)) },
  ]);
  const right = binder.extend(lookup, [
    { name: '$network', value: binder.scalar(key.value, scopeOf(context, lookup)) },
  ]);
  // The input's columns are C0…, those of the lookup table R0….
  const side = (of: typeof left, letter: string): Relation =>
    relation(of.relation.plan, [
      ...of.relation.columns.map(({ column }, index) => ({ name: `${letter}${index}`, column })),
      ...of.columns.map((column) => ({ name: 'Address', column })),
    ]);
  const environment = new Environment();
  environment.set('T', { kind: 'made', make: () => side(left, 'C') });
  environment.set('L', { kind: 'made', make: () => side(right, 'R') });
  const found = lookup.columns.map((_, index) => `R${index}`).join(', ');
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
          | project Own, Length, Masked, ${found}
        ) on Own, Length, Masked
      | project Address, ${found};
    T
    | join kind=${wantsAll ? 'leftouter' : 'inner'} Matches on Address
    | project ${[kept, found].filter((each) => each !== '').join(', ')}`,
  );
  const taken = new Set<string>();
  const named = [...input.columns, ...lookup.columns].map(({ name: text }) => {
    const free = freeName(taken, text);
    taken.add(free);
    return free;
  });
  return relation(
    made.plan,
    made.columns.map((each, index) => ({ ...each, name: named[index] ?? each.name })),
  );
}
