import { notSupported, problem } from '../diagnostics.js';
import type { Environment } from '../semantics/environment.js';
import type { Relation } from '../semantics/relation.js';
import type { Binder } from '../semantics/binder.js';
import type { Parser } from '../syntax/parser.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import { forkLegsMax } from '../limits.js';
import { piped } from './operator.js';

interface Leg {
  readonly name: string | undefined;
  readonly operators: readonly OperatorSyntax[];
}

interface ForkSyntax extends OperatorSyntax {
  readonly legs: readonly Leg[];
}

/** `T | fork a=(where x > 1) (count)`: several results of one input. Only at a query's end. */
export const fork = piped<ForkSyntax>({
  names: ['fork'],
  parse(parser, start) {
    const legs: Leg[] = [];
    do legs.push(readLeg(parser));
    while (parser.is('(') || parser.isName());
    const span = parser.spanFrom(start);
    if (legs.length > forkLegsMax) {
      problem('KQL_LIMIT', `More than ${forkLegsMax} results of one fork`, span);
    }
    if (parser.is('|')) notSupported("An operator after 'fork'", span);
    return { operator: 'fork', legs, span };
  },
  bind: (_, syntax) => notSupported("'fork' elsewhere than at the end of a query", syntax.span),
});

function readLeg(parser: Parser): Leg {
  let name: string | undefined;
  if (!parser.is('(')) {
    name = parser.name().text;
    parser.expect('=');
  }
  parser.expect('(');
  const operators = [parser.operator()];
  while (parser.accept('|')) operators.push(parser.operator());
  parser.expect(')');
  return { name, operators };
}

/** The results of a query that ends in a fork; undefined for any other. */
export function forked(
  binder: Binder,
  value: Expression,
  environment: Environment,
): Relation[] | undefined {
  if (value.kind !== 'pipeline') return undefined;
  const last = value.operators.at(-1);
  if (last?.operator !== 'fork') return undefined;
  const before = value.operators.slice(0, -1);
  // Only this file makes syntax of this name.
  return (last as ForkSyntax).legs.map((leg) => {
    // Bound again for each, so that each result has columns of its own.
    const operators = [...before, ...leg.operators];
    const made = binder.table({ ...value, operators }, { input: undefined, environment });
    return leg.name === undefined ? made : { ...made, label: leg.name };
  });
}
