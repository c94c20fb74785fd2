import { invariant } from '@strongroom/base';
import { Environment } from '../semantics/environment.js';
import type { Relation } from '../semantics/relation.js';
import type { Parser } from '../syntax/parser.js';
import type { OperatorSyntax } from '../syntax/tree.js';
import { operatorNamed } from './index.js';
import type { BindContext } from './operator.js';

/** `(where x > 1 | take 2)`: a sub-query without a source. */
export function parseSteps(parser: Parser): OperatorSyntax[] {
  parser.expect('(');
  const steps = [parser.operator()];
  while (parser.accept('|')) steps.push(parser.operator());
  parser.expect(')');
  return steps;
}

export function bindSteps(
  context: BindContext,
  steps: readonly OperatorSyntax[],
  input: Relation,
): Relation {
  const inside = { ...context, environment: new Environment(context.environment) };
  let made = input;
  for (const step of steps) {
    const operator = operatorNamed(step.operator);
    invariant(operator !== undefined, 'the step was parsed');
    made = operator.bind(inside, step, made);
  }
  return made;
}
