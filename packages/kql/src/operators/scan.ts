import { notSupported, problem } from '../diagnostics.js';
import { walkStepsMax } from '../limits.js';
import type { Plan } from '../plan/plan.js';
import { constant, hasNull, hasWindow, type Column } from '../semantics/bound.js';
import type { Scope } from '../semantics/binder.js';
import { convert } from '../semantics/convert.js';
import { columnNamed, type Relation, type VisibleColumn } from '../semantics/relation.js';
import type {
  Expression,
  Name,
  NamedExpression,
  OperatorSyntax,
  ParameterSyntax,
} from '../syntax/tree.js';
import type { Parser } from '../syntax/parser.js';
import { piped, scopeOf } from './operator.js';
import { bindKeys, parseKeys, type KeySyntax } from './sort.js';

interface StepSyntax {
  readonly name: Name;
  readonly output: 'all' | 'last' | 'none';
  readonly condition: Expression;
  readonly assignments: readonly NamedExpression[];
}

interface ScanSyntax extends OperatorSyntax {
  readonly matchId: Name | undefined;
  readonly keys: readonly Name[];
  readonly order: readonly KeySyntax[];
  readonly declared: readonly ParameterSyntax[];
  readonly steps: readonly StepSyntax[];
}

/** `T | scan declare (total: long = 0) with (step s: true => total = x + s.total;)`. */
export const scan = piped<ScanSyntax>({
  names: ['scan'],
  parse(parser, start) {
    let matchId: Name | undefined;
    if (parser.accept('with_match_id')) {
      parser.expect('=');
      matchId = parser.name('a column name');
    }
    const keys: Name[] = [];
    let order: readonly KeySyntax[] = [];
    let declared: readonly ParameterSyntax[] = [];
    while (!parser.is('with')) {
      if (parser.accept('partition')) {
        parser.expect('by');
        keys.push(parser.name('a column'));
        while (parser.accept(',')) keys.push(parser.name('a column'));
      } else if (parser.accept('order')) {
        parser.expect('by');
        order = parseKeys(parser);
      } else if (parser.accept('declare')) declared = parser.parameters();
      else parser.unexpected("'with'");
    }
    parser.expect('with');
    parser.expect('(');
    const steps: StepSyntax[] = [];
    while (!parser.is(')')) {
      steps.push(parseStep(parser));
      if (!parser.accept(';')) break;
    }
    parser.expect(')');
    const span = parser.spanFrom(start);
    if (steps.length === 0) problem('SYN0002', 'scan needs a step', span);
    if (steps.length > walkStepsMax)
      problem('KQL_LIMIT', `A scan has more than ${walkStepsMax} steps`, span);
    return { operator: 'scan', matchId, keys, order, declared, steps, span };
  },
  bind(context, syntax, given) {
    const { binder } = context;
    let input = given;
    if (syntax.order.length > 0) {
      const { relation, keys } = bindKeys(context, syntax.order, input);
      input = { ...relation, serialized: true, plan: { kind: 'sort', input: relation.plan, keys } };
    }
    if (!input.serialized) {
      problem(
        'SEM0019',
        'scan needs rows in an order',
        syntax.span,
        "Put 'sort by' or 'serialize' before it.",
      );
    }
    const keys = syntax.keys.map((each) => only(binder.columnsLike(each.text, each.span, input)));
    const columns: VisibleColumn[] = [...input.columns];
    const add = (name: string, column: Column, span: Name['span']): void => {
      if (columnNamed(columns, name) !== undefined)
        problem('KS201', `A column with the name '${name}' is already declared`, span);
      columns.push({ name, column });
    };
    const outside = scopeOf(context, undefined);
    const declared = syntax.declared.map((each) => {
      if (each.type === 'tabular') problem('SYN0002', 'A scalar type is expected', each.span);
      const column = binder.column(each.name, each.type);
      add(each.name, column, each.span);
      const value =
        each.fallback === undefined
          ? constant(each.type, null)
          : convert(binder.scalar(each.fallback, outside), each.type, each.span, binder);
      if (value.kind !== 'constant')
        problem('SEM0101', `The default of '${each.name}' must be a constant`, each.span);
      return { column, fallback: value };
    });
    const row: Relation = { ...input, columns: [...columns] };

    const states = new Map<string, { column: Column; of: Column | number }[]>();
    const steps = {
      has: (name: string): boolean => states.has(name),
      column: (step: string, name: string): Column | undefined => {
        const source = columnNamed(row.columns, name);
        if (source === undefined) return undefined;
        const at = declared.findIndex((each) => each.column === source);
        const of = at < 0 ? source : at;
        const state = states.get(step) ?? [];
        const known = state.find((each) => each.of === of);
        if (known !== undefined) return known.column;
        const column = binder.column(`${step}_${name}`, source.type, hasNull(source.type));
        state.push({ column, of });
        return column;
      },
    };
    const bound = syntax.steps.map((step) => {
      if (states.has(step.name.text))
        problem('KS201', `There is a step '${step.name.text}' already`, step.name.span);
      // A step sees its own state and those of the steps before it.
      const state: { column: Column; of: Column | number }[] = [];
      states.set(step.name.text, state);
      const scope: Scope = { ...scopeOf(context, row), steps };
      const condition = binder.predicate(step.condition, scope);
      const assigned = declared.map(() => undefined) as (typeof condition | undefined)[];
      for (const each of step.assignments) {
        const name = each.names[0]?.text;
        const at = syntax.declared.findIndex((one) => one.name === name);
        const column = declared[at]?.column;
        if (column === undefined)
          problem('SEM0100', 'A step assigns to columns that scan declares', each.span);
        assigned[at] = convert(binder.scalar(each.value, scope), column.type, each.span, binder);
      }
      for (const each of [condition, ...assigned])
        if (each !== undefined && hasWindow(each))
          notSupported('A function of neighbouring rows in a step', step.condition.span);
      return { output: step.output, condition, assigned, state };
    });
    let matchId: Column | undefined;
    if (syntax.matchId !== undefined) {
      matchId = binder.column(syntax.matchId.text, 'long', false);
      add(syntax.matchId.text, matchId, syntax.matchId.span);
    }
    const plan: Plan = { kind: 'walk', input: input.plan, keys, declared, matchId, steps: bound };
    return { ...input, plan, columns, serialized: true };
  },
});

function only(found: readonly VisibleColumn[]): Column {
  return (found[0] as VisibleColumn).column;
}

function parseStep(parser: Parser): StepSyntax {
  parser.expect('step');
  const name = parser.name('a step');
  let output: StepSyntax['output'] = 'all';
  if (parser.accept('output')) {
    parser.expect('=');
    const word = parser.name("'all', 'last' or 'none'");
    if (word.text !== 'all' && word.text !== 'last' && word.text !== 'none')
      problem('SYN0002', "'all', 'last' or 'none' is expected", word.span);
    output = word.text;
  }
  parser.expect(':');
  const condition = parser.expression();
  const assignments = parser.accept('=>') ? parser.namedExpressions() : [];
  return { name, output, condition, assignments };
}
