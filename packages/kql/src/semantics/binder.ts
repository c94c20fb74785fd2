/**
 * Gives every name a meaning and every expression a type. Tables are bound to plans by the
 * operators' files, which come back here for their expressions.
 */

import { databaseName, type ScalarType, type TableSchema } from '@strongroom/sql';
import { invariant } from '@strongroom/base';
import { aggregateNamed, aggregateNames } from '../aggregates/index.js';
import type { AggregateRow } from '../aggregates/row.js';
import { didYouMean, notSupported, problem, type Span } from '../diagnostics.js';
import { packNonEmpty } from '../functions/dynamic.js';
import { functionNamed, functionNames } from '../functions/index.js';
import { regexFault } from '../functions/regex.js';
import { fixedNaming, resultNaming } from '../functions/naming.js';
import { operatorRow } from '../functions/operator.js';
import type { FoldContext, FunctionRow } from '../functions/row.js';
import { whyUnsupported } from '../functions/unsupported.js';
import { boundNodesMax, expressionNodesMax, functionDepthMax } from '../limits.js';
import { operatorNamed } from '../operators/index.js';
import { unite } from '../operators/union.js';
import type { InquiryRow, Question } from '../inquiry.js';
import type { AggregateCall, Plan } from '../plan/plan.js';
import type {
  BinaryOperator,
  ColumnSyntax,
  ConstantValue,
  Expression,
  FunctionSyntax,
  NamedExpression,
  Statement,
} from '../syntax/tree.js';
import {
  constant,
  hasNull,
  reference,
  sizeOf,
  type Bound,
  type BoundCall,
  type Column,
  type Computed,
} from './bound.js';
import { convert } from './convert.js';
import { Environment, type Binding } from './environment.js';
import {
  columnNamed,
  freeName,
  relation,
  wildcardFits,
  type Relation,
  type VisibleColumn,
} from './relation.js';
import { usedAgain } from './renamed.js';
import { scanColumns, sharedScan, shortName } from './shared-scan.js';
import {
  countFits,
  fit,
  isNumeric,
  parameterAt,
  signature,
  type ParameterType,
} from './signature.js';
import { commonType, widest } from './types.js';
import type { QuerySettings, TimeScope } from '../settings.js';

/** Tables by name. Names are case-sensitive. */
export interface TableCatalog {
  get(name: string): TableSchema | undefined;
  names(): Iterable<string>;
  /** True for a table that surely holds no row: a union or a search leaves it out of its SQL. */
  isEmpty?(name: string): boolean;
}

/** A saved function of a workspace. */
export interface StoredFunction {
  readonly name: string;
  /** As it stands between the brackets: `x:long, T:(*)`. */
  readonly parameters: string;
  readonly body: string;
}

/** A workspace that the caller may read, beside the query's own. */
export interface OtherWorkspace {
  readonly workspaceId: string;
  readonly tables: TableCatalog;
}

export interface BinderOptions {
  readonly tables: TableCatalog;
  readonly workspaceId: string;
  readonly workspaceNames: readonly string[];
  /** Their tables stand beside the workspace's own: a table is the union of those of its name. */
  readonly alongside: readonly OtherWorkspace[];
  /** What `workspace("…")` names, where the caller may read it. Throws where that is not known yet. */
  readonly otherWorkspace: (name: string) => OtherWorkspace | undefined;
  /** Saved functions, for `.show functions`. */
  readonly functions?: readonly StoredFunction[];
  readonly now: bigint;
  readonly timeRange: { readonly start: bigint; readonly end: bigint } | undefined;
  /** As the query's own `set` statements have it (settings.ts). */
  readonly timeScope?: TimeScope | undefined;
  readonly binAuto?: QuerySettings['binAuto'];
  /** Answers what an operator must know of the data to bind. Throws where there is no answer yet. */
  readonly ask: (question: Question) => readonly InquiryRow[];
}

/** Where an expression stands: the row's columns, and the names around. */
export interface Scope {
  readonly input: Relation | undefined;
  readonly environment: Environment;
  /** `$left` and `$right` of a join's condition. */
  readonly sides?: { readonly left: Relation; readonly right: Relation };
  /** `step.x` of a scan: a column of the step's state. */
  readonly steps?: {
    has(name: string): boolean;
    column(step: string, name: string): Column | undefined;
  };
}

export class Binder implements FoldContext {
  readonly now: bigint;
  readonly options: BinderOptions;
  /** How and where the query names each other workspace. */
  readonly places = new Map<string, { readonly text: string; readonly span: Span }>();
  private readonly here: readonly OtherWorkspace[];
  private readonly usedNames = new Set<string>();
  /** Whether a call was bound that SQL cannot say (plan/computed.ts). */
  hasComputed = false;
  /** Names of the columns of shared scans. */
  private readonly reservedNames = new Set<ReadonlySet<string>>();
  private nodes = 0;
  private depth = 0;

  constructor(options: BinderOptions) {
    this.options = options;
    this.now = options.now;
    this.here = [options, ...options.alongside];
  }

  /** Whether the query may read other workspaces' tables too. */
  get readsOthers(): boolean {
    return this.here.length > 1 || this.places.size > 0;
  }

  // ---- columns ----------------------------------------------------------------------------

  column(name: string, type: ScalarType, nullable = true): Column {
    return { type, nullable: nullable && hasNull(type), sql: this.uniqueName(name) };
  }

  private readonly nameNumbers = new Map<string, number>();

  /** Short names belong to the lambdas of function rows, where a column of that name would be lost. */
  private isTaken(name: string): boolean {
    return shortName.test(name) || this.isUsed(name);
  }

  private isUsed(name: string): boolean {
    if (this.usedNames.has(name)) return true;
    for (const names of this.reservedNames) if (names.has(name)) return true;
    return false;
  }

  /** A column that gets its name when it is first asked for: most of a wide union's never are. */
  namedLater(name: string, type: ScalarType, nullable: boolean): Column {
    return new ColumnNamedLater(type, nullable && hasNull(type), () => this.uniqueName(name));
  }

  private uniqueName(name: string): string {
    let unique = name;
    if (this.isTaken(name)) {
      let number = this.nameNumbers.get(name) ?? 2;
      for (unique = `${name}$${number}`; this.isUsed(unique); unique = `${name}$${number}`)
        number++;
      this.nameNumbers.set(name, number + 1);
    }
    this.usedNames.add(unique);
    return unique;
  }

  private count(span: Span): void {
    if (++this.nodes > boundNodesMax) {
      problem(
        'KQL_LIMIT',
        `The query has more than ${boundNodesMax} parts, with its variables put in`,
        span,
      );
    }
  }

  private deeper<T>(span: Span, bind: () => T): T {
    if (++this.depth > functionDepthMax) {
      problem(
        'KQL_LIMIT',
        `Functions and variables use each other more than ${functionDepthMax} deep`,
        span,
      );
    }
    const bound = bind();
    this.depth--;
    return bound;
  }

  // ---- statements -------------------------------------------------------------------------

  /** Puts a statement's name into the environment. */
  declare(statement: Statement, environment: Environment): void {
    if (statement.kind === 'let') {
      environment.set(
        statement.name.text,
        this.binding(statement.name.text, statement.value, environment),
      );
    }
    if (statement.kind === 'pattern') {
      environment.set(statement.name.text, {
        kind: 'pattern',
        syntax: statement,
        environment: environment.frozen(),
      });
    }
    if (statement.kind === 'alias') {
      const { place, name } = statement;
      environment.set(databaseKey(name.text), {
        kind: 'place',
        place,
        environment: environment.frozen(),
      });
    }
  }

  /** The names that `restrict access` leaves: values, what it lists, and what is declared later. */
  restricted(
    { entities }: Statement & { kind: 'restrict' },
    environment: Environment,
  ): Environment {
    const scope = { input: undefined, environment };
    const listed = entities.map(({ place, pattern }) => {
      const first = place?.args[0]?.value;
      const text = first === undefined ? undefined : this.constantText(first, scope);
      return { place: place === undefined ? undefined : placeKey(place.name, text), pattern };
    });
    const lists = (name: string, place: string | undefined): boolean =>
      listed.some((each) => each.place === place && wildcardFits(each.pattern, name));
    const left = new Environment(undefined, lists);
    for (const name of environment.names()) {
      const binding = environment.find(name);
      const isKept =
        binding?.kind === 'scalar' || binding?.kind === 'place' || lists(name, undefined);
      if (binding !== undefined && isKept) left.set(name, binding);
    }
    return left;
  }

  private binding(name: string, value: Expression, environment: Environment): Binding {
    // The value sees what was declared before it, not itself.
    if (value.kind === 'function') {
      checkParameters(value);
      return { kind: 'function', syntax: value, environment: environment.frozen(), name };
    }
    if (this.isTable(value, { input: undefined, environment })) {
      return { kind: 'table', syntax: value, environment: environment.frozen() };
    }
    return { kind: 'scalar', bound: this.scalar(value, { input: undefined, environment }) };
  }

  /** Whether an expression makes a table; decided by its form and by what its names are. */
  isTable(value: Expression, scope: Scope): boolean {
    switch (value.kind) {
      case 'pipeline':
      case 'leading':
        return true;
      case 'name': {
        if (scope.input !== undefined && columnNamed(scope.input.columns, value.name) !== undefined)
          return false;
        const binding = scope.environment.find(value.name);
        if (binding !== undefined) {
          if (binding.kind === 'function')
            return this.makesTable(binding.syntax, binding.environment);
          return binding.kind !== 'scalar';
        }
        return this.here.some((each) => each.tables.get(value.name) !== undefined);
      }
      case 'call': {
        if (value.name === 'materialize' || value.name === 'table' || value.name === 'view')
          return true;
        const binding = scope.environment.find(value.name);
        if (binding?.kind === 'pattern') return true;
        return binding?.kind === 'function' && this.makesTable(binding.syntax, binding.environment);
      }
      case 'member': {
        const root = rootCall(value);
        if (root === undefined) return false;
        return placeFunctions.has(root) || scope.environment.find(root)?.kind === 'pattern';
      }
      case 'star':
      case 'literal':
      case 'index':
      case 'binary':
      case 'logical':
      case 'negate':
      case 'list':
      case 'between':
      case 'typeof':
      case 'function':
        return false;
    }
  }

  private makesTable(syntax: FunctionSyntax, environment: Environment): boolean {
    const last = syntax.body.findLast((each) => each.kind === 'query');
    if (last?.kind !== 'query') return false;
    const inner = new Environment(environment);
    for (const parameter of syntax.parameters) {
      inner.set(
        parameter.name,
        parameter.type === 'tabular'
          ? { kind: 'made', make: () => problem('SEM0100', 'not a table', parameter.span) }
          : { kind: 'scalar', bound: constant(parameter.type, null) },
      );
    }
    for (const each of syntax.body) {
      if (each.kind !== 'let') continue;
      if (each.value.kind === 'function') {
        inner.set(each.name.text, {
          kind: 'function',
          syntax: each.value,
          environment: inner,
          name: each.name.text,
        });
      } else {
        inner.set(
          each.name.text,
          this.isTable(each.value, { input: undefined, environment: inner })
            ? { kind: 'table', syntax: each.value, environment: inner }
            : { kind: 'scalar', bound: constant('long', null) },
        );
      }
    }
    return this.isTable(last.value, { input: undefined, environment: inner });
  }

  // ---- tables -----------------------------------------------------------------------------

  table(value: Expression, scope: Scope): Relation {
    this.count(value.span);
    switch (value.kind) {
      case 'pipeline': {
        let input = this.table(value.source, scope);
        let environment = scope.environment;
        for (const syntax of value.operators) {
          this.count(syntax.span);
          const operator = operatorNamed(syntax.operator);
          invariant(operator !== undefined, `operator ${syntax.operator} was parsed`);
          if (syntax.operator === 'as') environment = new Environment(environment);
          input = operator.bind({ binder: this, environment }, syntax, input);
        }
        return input;
      }
      case 'leading': {
        const operator = operatorNamed(value.operator.operator);
        invariant(operator !== undefined, `operator ${value.operator.operator} was parsed`);
        return operator.bind(
          { binder: this, environment: scope.environment },
          value.operator,
          undefined,
        );
      }
      case 'name': {
        const binding = scope.environment.find(value.name);
        if (binding !== undefined) return this.tableOf(binding, value.name, value.span);
        return this.scan(value.name, value.span, scope);
      }
      case 'call':
        return this.tableCall(value, scope);
      case 'member': {
        const { target } = value;
        const pattern = target.kind === 'call' ? scope.environment.find(target.name) : undefined;
        if (pattern?.kind === 'pattern' && target.kind === 'call')
          return this.patternCase(pattern, [...target.args, pathOf(value)], value.span, scope);
        const found = this.place(value, scope);
        if (found === undefined) break;
        if (!scope.environment.mayName(value.name, found.key)) refuseRestricted(value);
        return this.scanIn(found.workspace, value.name, value.span, scope);
      }
      case 'star':
      case 'literal':
      case 'index':
      case 'binary':
      case 'logical':
      case 'negate':
      case 'list':
      case 'between':
      case 'typeof':
      case 'function':
        break;
    }
    problem('SEM0100', 'A table is expected here', value.span);
  }

  private tableOf(binding: Binding, name: string, span: Span): Relation {
    switch (binding.kind) {
      case 'table':
        return this.deeper(span, () =>
          this.table(binding.syntax, { input: undefined, environment: binding.environment }),
        );
      case 'made':
        return binding.make();
      case 'function':
        return this.callTable(binding, [], span, new Environment());
      case 'scalar':
      case 'pattern':
      case 'place':
        problem(
          'SEM0100',
          `'${name}' is a ${binding.kind === 'scalar' ? 'value' : binding.kind}, not a table`,
          span,
        );
    }
  }

  /** `app("x").["y"]`: the case of the pattern that has these values. */
  private patternCase(
    pattern: Binding & { kind: 'pattern' },
    args: readonly NamedExpression[],
    span: Span,
    scope: Scope,
  ): Relation {
    const { syntax, environment } = pattern;
    const { parameters, cases, name } = syntax;
    if (args.length !== parameters.length)
      problem('KS119', `The pattern '${name.text}' takes ${parameters.length} values`, span);
    const outside = { input: undefined, environment };
    const valueOf = (value: Expression, index: number, where: Scope): ConstantValue => {
      const type = parameters[index]?.type;
      const bound = this.scalar(value, where);
      if (type === undefined || type === 'tabular')
        return problem('KS107', 'A pattern takes values', value.span);
      const made = convert(bound, type, value.span, this);
      if (made.kind !== 'constant') problem('SEM0101', 'It must be a constant', value.span);
      return made.value;
    };
    const given = args.map((arg, index) =>
      valueOf(arg.value, index, { input: undefined, environment: scope.environment }),
    );
    const found = cases.find((each) =>
      each.values.every((value, index) => valueOf(value, index, outside) === given[index]),
    );
    if (found === undefined)
      problem('SEM0100', `The pattern '${name.text}' has no such case`, span);
    return this.callTable(
      {
        kind: 'function',
        syntax: { kind: 'function', parameters, body: found.body, view: false, span: found.span },
        environment,
        name: name.text,
      },
      args,
      span,
      scope.environment,
    );
  }

  private tableCall(value: Expression & { kind: 'call' }, scope: Scope): Relation {
    const binding = scope.environment.find(value.name);
    if (binding?.kind === 'function')
      return this.callTable(binding, value.args, value.span, scope.environment);
    if (binding?.kind === 'pattern')
      return this.patternCase(binding, value.args, value.span, scope);
    const first = value.args[0]?.value;
    switch (value.name) {
      case 'materialize':
      case 'view':
        if (first === undefined) problem('KS119', `${value.name}() takes a table`, value.span);
        return this.table(first, scope);
      case 'table': {
        const name = first === undefined ? undefined : this.constantText(first, scope);
        if (name === undefined) problem('SEM0101', 'table() takes the name of a table', value.span);
        const known = scope.environment.find(name);
        return known === undefined
          ? this.scan(name, value.span, scope)
          : this.tableOf(known, name, value.span);
      }
      case 'app':
      case 'cluster':
      case 'adx':
      case 'arg':
      case 'resource':
      case 'external_table':
      case 'materialized_view':
      case 'graph':
        return notSupported(`${value.name}()`, value.span);
      default:
        if (functionNamed(value.name) !== undefined)
          problem('SEM0100', `${value.name}() gives a value, not a table`, value.span);
        this.unknownFunction(value.name, value.nameSpan, scope);
    }
  }

  /** The workspace of `workspace("this").T`, `database("workspace").T`, and how the query names it. */
  private place(
    value: Expression & { kind: 'member' },
    scope: Scope,
  ): { workspace: OtherWorkspace; key: string } | undefined {
    let target: Expression = value.target;
    while (target.kind === 'member') target = target.target;
    if (target.kind !== 'call' || !placeFunctions.has(target.name)) return undefined;
    return this.placeOf(target, scope);
  }

  private placeOf(
    target: Expression & { kind: 'call' },
    scope: Scope,
  ): { workspace: OtherWorkspace; key: string } {
    const own: OtherWorkspace = this.options;
    const first = target.args[0]?.value;
    const text = first === undefined ? undefined : this.constantText(first, scope);
    const key = placeKey(target.name, text);
    const alias = text === undefined ? undefined : scope.environment.find(databaseKey(text));
    if (target.name === 'database' && alias?.kind === 'place' && alias.place.kind === 'call') {
      const inner = { input: undefined, environment: alias.environment };
      return { workspace: this.placeOf(alias.place, inner).workspace, key };
    }
    const isOwn =
      text === this.options.workspaceId || this.options.workspaceNames.includes(text ?? '');
    if (target.name === 'workspace' || target.name === 'resource') {
      if (text === undefined)
        problem('SEM0101', `${target.name}() takes a name or an id`, target.span);
      if (isOwn) return { workspace: own, key };
      const other = this.options.otherWorkspace(text);
      if (other === undefined) unknownWorkspace(text, target.span);
      this.places.set(other.workspaceId, { text, span: target.span });
      return { workspace: other.workspaceId === own.workspaceId ? own : other, key };
    }
    if (target.name === 'database' && (text === databaseName || text === '' || isOwn))
      return { workspace: own, key };
    return notSupported(`${target.name}()`, target.span);
  }

  /** Names of all tables that a query may name without saying a workspace. */
  tableNames(environment: Environment): Iterable<string> {
    const names =
      this.here.length === 1
        ? [...this.options.tables.names()]
        : [...new Set(this.here.flatMap((each) => [...each.tables.names()]))];
    return names.filter((name) => environment.mayName(name));
  }

  /** Functions that are declared as views: a union's wildcards take them in. */
  viewNames(environment: Environment): string[] {
    const isView = (name: string): boolean => {
      const binding = environment.find(name);
      return binding?.kind === 'function' && binding.syntax.view;
    };
    return [...new Set(environment.names())].filter(isView).sort();
  }

  /** A table by its name, of each workspace that the query is put to. */
  scan(name: string, span: Span, scope: Scope): Relation {
    const found = this.here.filter(
      (each) => each.tables.get(name) !== undefined && scope.environment.mayName(name),
    );
    const [only, another] = found;
    if (only === undefined) this.unknownTable(name, span, scope);
    if (another === undefined) return this.scanIn(only, name, span, scope);
    const tables = found.map((each) => ({ name, relation: this.scanIn(each, name, span, scope) }));
    return unite({ binder: this, environment: scope.environment }, tables, false, undefined);
  }

  private unknownTable(
    name: string,
    span: Span,
    scope: Scope,
    tables = this.tableNames(scope.environment),
  ): never {
    problem(
      'SEM0100',
      `'${name}' is not a known table or variable`,
      span,
      didYouMean(name, [...tables, ...scope.environment.names()]),
    );
  }

  private scanIn(workspace: OtherWorkspace, name: string, span: Span, scope: Scope): Relation {
    const { workspaceId, tables } = workspace;
    const schema = tables.get(name);
    if (schema === undefined) this.unknownTable(name, span, scope, tables.names());
    // A name that something else in the statement has already gets an alias; the rest stay as stored.
    const described = scanColumns(schema);
    const clashing = new Set<string>();
    for (const { name: each, isShort } of described) {
      if (isShort || this.usedNames.has(each)) clashing.add(each);
    }
    for (const each of described) this.usedNames.add(each.name);
    const stored: { stored: string; column: Column }[] = [];
    const columns: VisibleColumn[] = [];
    const constants: { column: Column; value: Bound }[] = [];
    for (const each of described) {
      if (each.isConstant) {
        const column = this.column(each.name, 'string');
        constants.push({
          column,
          value: constant('string', each.name === 'Type' ? name : workspaceId),
        });
        columns.push({ name: each.name, column });
        continue;
      }
      const column: Column = {
        type: each.type,
        nullable: each.nullable,
        sql: clashing.has(each.name) ? this.uniqueName(each.name) : each.name,
      };
      stored.push({ stored: each.name, column });
      columns.push({ name: each.name, column });
    }
    const ingestionTime: Column = {
      type: 'datetime',
      nullable: false,
      sql: this.uniqueName('_TimeReceived'),
    };
    stored.push({ stored: '_TimeReceived', column: ingestionTime });
    const scan: Plan = {
      kind: 'scan',
      workspaceId,
      isEmpty: tables.isEmpty?.(name) ?? false,
      table: name,
      columns: stored,
      timeRange: this.options.timeRange,
      fullText:
        schema.fullTextColumns === undefined
          ? noColumns
          : new Set(
              stored
                .filter((each) => schema.fullTextColumns?.includes(each.stored))
                .map((each) => each.column),
            ),
    };
    const plan: Plan =
      constants.length === 0 ? scan : { kind: 'extend', input: scan, definitions: constants };
    return relation(this.inScope(plan, columns, span), columns, { ingestionTime });
  }

  /** The rows that `set query_datetimescope_…` leaves. */
  private inScope(plan: Plan, columns: readonly VisibleColumn[], span: Span): Plan {
    const scope = this.options.timeScope;
    const column = scope === undefined ? undefined : columnNamed(columns, scope.column);
    if (scope === undefined || column?.type !== 'datetime') return plan;
    const ends = [
      { operator: '>=' as const, end: scope.from },
      { operator: '<=' as const, end: scope.to },
    ];
    return ends.reduce<Plan>((input, { operator, end }) => {
      if (end === undefined) return input;
      const value = constant('datetime', end);
      const predicate = this.compare(operator, reference(column), value, span);
      return { kind: 'filter', input, predicate };
    }, plan);
  }

  /** A table that is only united with others: nothing but the union sees its columns. */
  scanAmongMany(name: string, span: Span, scope: Scope): Relation {
    const schema = this.here.length === 1 ? this.options.tables.get(name) : undefined;
    // A name that differs from the schema's own is another workspace's affair.
    if (schema?.name !== name || this.options.timeScope !== undefined)
      return this.scan(name, span, scope);
    const { workspaceId, timeRange, tables } = this.options;
    const isEmpty = tables.isEmpty?.(name) ?? false;
    const { relation: made, names } = sharedScan(schema, { workspaceId, timeRange, isEmpty });
    this.reservedNames.add(names);
    return made;
  }

  // ---- user functions ---------------------------------------------------------------------

  private callTable(
    binding: Binding & { kind: 'function' },
    args: readonly NamedExpression[],
    span: Span,
    environment: Environment,
    input?: Relation,
  ): Relation {
    return this.deeper(span, () => {
      const { value, environment: inner } = this.enter(
        binding,
        args,
        span,
        { input: undefined, environment },
        input,
      );
      return this.table(value, { input: undefined, environment: inner });
    });
  }

  /** `T | invoke f(…)`: the table is the first argument. */
  invoke(
    name: string,
    args: readonly NamedExpression[],
    span: Span,
    environment: Environment,
    input: Relation,
  ): Relation {
    const binding = environment.find(name);
    if (binding?.kind !== 'function') this.unknownFunction(name, span, { input, environment });
    return this.callTable(binding, args, span, environment, input);
  }

  private enter(
    binding: Binding & { kind: 'function' },
    args: readonly NamedExpression[],
    span: Span,
    scope: Scope,
    input?: Relation,
  ): { value: Expression; environment: Environment } {
    const inner = new Environment(binding.environment);
    const parameters = binding.syntax.parameters;
    const given = new Map<string, Expression>();
    let position = 0;
    if (input !== undefined) {
      const first = parameters[0];
      if (first?.type !== 'tabular')
        problem('KS107', `'${binding.name}' does not take a table first`, span);
      this.checkColumns(input, first.columns, span);
      inner.set(first.name, { kind: 'made', make: usedAgain(this, input) });
      position = 1;
    }
    for (const arg of args) {
      const name = arg.names[0]?.text ?? parameters[position]?.name;
      if (name === undefined || !parameters.some((each) => each.name === name)) {
        problem('KS119', `'${binding.name}' takes ${parameters.length} arguments`, arg.span);
      }
      if (given.has(name)) problem('KS119', `'${name}' is given twice`, arg.span);
      given.set(name, arg.value);
      position++;
    }
    for (const parameter of parameters) {
      const arg = given.get(parameter.name);
      if (parameter.type === 'tabular') {
        if (input !== undefined && parameter === parameters[0]) continue;
        if (arg === undefined)
          problem('KS119', `'${binding.name}' needs '${parameter.name}'`, span);
        inner.set(parameter.name, { kind: 'table', syntax: arg, environment: scope.environment });
        continue;
      }
      const value = arg ?? parameter.fallback;
      if (value === undefined)
        problem('KS119', `'${binding.name}' needs '${parameter.name}'`, span);
      const bound = this.scalar(
        value,
        arg === undefined ? { input: undefined, environment: inner } : scope,
      );
      inner.set(parameter.name, {
        kind: 'scalar',
        bound: convert(bound, parameter.type, value.span, this),
      });
    }
    let result: Expression | undefined;
    for (const statement of binding.syntax.body) {
      if (statement.kind === 'query') result = statement.value;
      else this.declare(statement, inner);
    }
    if (result === undefined) problem('SEM0100', `'${binding.name}' has no result`, span);
    return { value: result, environment: inner };
  }

  private checkColumns(input: Relation, columns: readonly ColumnSyntax[], span: Span): void {
    for (const wanted of columns) {
      const found = columnNamed(input.columns, wanted.name);
      if (found === undefined) problem('SEM0100', `The table has no column '${wanted.name}'`, span);
      if (found.type !== wanted.type) {
        problem('KS107', `The column '${wanted.name}' is ${found.type}, not ${wanted.type}`, span);
      }
    }
  }

  // ---- scalars ----------------------------------------------------------------------------

  scalar(value: Expression, scope: Scope): Bound {
    this.count(value.span);
    switch (value.kind) {
      case 'literal':
        return constant(value.type, value.value);
      case 'name':
        return this.nameOf(value.name, value.span, scope);
      case 'member':
        return this.member(value, scope);
      case 'index':
        return this.path(value.target, this.scalar(value.index, scope), value.span, scope);
      case 'call':
        return this.callOf(value, scope);
      case 'negate': {
        const operand = this.scalar(value.value, scope);
        if (operand.type !== 'dynamic') return this.call('$negate', [operand], value.span);
        const negated = this.call(
          '$negate',
          [convert(operand, 'real', value.span, this)],
          value.span,
        );
        return convert(negated, 'dynamic', value.span, this);
      }
      case 'logical':
        return this.logical(value, scope);
      case 'binary':
        return this.binary(value, scope);
      case 'between': {
        const operand = this.scalar(value.value, scope);
        const low = this.scalar(value.low, scope);
        let high = this.scalar(value.high, scope);
        // `t between (start .. 1d)` counts the length from the start.
        if (operand.type === 'datetime' && high.type === 'timespan')
          high = this.arithmetic('+', low, high, value.span);
        const both = this.logicalOf('and', [
          this.compare('>=', operand, low, value.span),
          this.compare('<=', operand, high, value.span),
        ]);
        return value.negated ? this.call('not', [both], value.span) : both;
      }
      case 'list':
        return this.list(value, scope);
      case 'pipeline':
      case 'leading':
        // A table where a value stands: its first row's first value, as `toscalar` gives it.
        return this.scalarQuery(value, scope);
      case 'star':
        return problem('SYN0002', "'*' cannot stand here", value.span);
      case 'typeof':
        return problem('SYN0002', 'typeof() stands only where a type is asked for', value.span);
      case 'function':
        problem('SYN0002', 'A function cannot stand here', value.span);
    }
  }

  /** A condition. */
  predicate(value: Expression, scope: Scope): Bound {
    const bound = this.scalar(value, scope);
    if (bound.type === 'bool') return bound;
    problem(
      'KS107',
      `A condition is expected (bool), not a value of type ${bound.type}`,
      value.span,
      bound.type === 'dynamic' || isNumeric(bound.type) ? 'Convert with tobool(…).' : undefined,
    );
  }

  /** A term of `and` and `or`: a dynamic stands for its bool there. */
  private term(value: Expression, scope: Scope): Bound {
    const bound = this.scalar(value, scope);
    if (bound.type === 'bool') return bound;
    if (bound.type === 'dynamic') return convert(bound, 'bool', value.span, this);
    problem('KS107', `'and' and 'or' take conditions (bool), not ${bound.type}`, value.span);
  }

  private nameOf(name: string, span: Span, scope: Scope): Bound {
    const column = scope.input === undefined ? undefined : columnNamed(scope.input.columns, name);
    if (column !== undefined) return reference(column);
    const binding = scope.environment.find(name);
    if (binding?.kind === 'scalar') return binding.bound;
    if (binding?.kind === 'function' && !this.makesTable(binding.syntax, binding.environment)) {
      return this.callScalar(binding, [], span, scope);
    }
    if (binding !== undefined)
      problem(
        'SEM0100',
        `'${name}' is a table, not a value`,
        span,
        'Write toscalar(…) for its first value.',
      );
    if (scope.input?.open === true) return constant('dynamic', null);
    const known = [
      ...(scope.input?.columns.map((each) => each.name) ?? []),
      ...scope.environment.names(),
    ];
    problem(
      'SEM0100',
      `'${name}' does not refer to any known column, table, variable or function`,
      span,
      didYouMean(name, known),
    );
  }

  private member(value: Expression & { kind: 'member' }, scope: Scope): Bound {
    if (value.target.kind === 'name' && scope.steps?.has(value.target.name) === true) {
      const column = scope.steps.column(value.target.name, value.name);
      if (column === undefined)
        problem('SEM0100', `The step '${value.target.name}' has no '${value.name}'`, value.span);
      return reference(column);
    }
    if (value.target.kind === 'name' && scope.sides !== undefined) {
      const side =
        value.target.name === '$left'
          ? scope.sides.left
          : value.target.name === '$right'
            ? scope.sides.right
            : undefined;
      if (side !== undefined) {
        const column = columnNamed(side.columns, value.name);
        if (column === undefined) {
          problem(
            'SEM0100',
            `The ${value.target.name} side has no column '${value.name}'`,
            value.span,
            didYouMean(
              value.name,
              side.columns.map((each) => each.name),
            ),
          );
        }
        return reference(column);
      }
    }
    return this.path(value.target, constant('string', value.name), value.span, scope);
  }

  /** `target.name`, `target[0]`: only dynamics have parts. */
  private path(target: Expression, part: Bound, span: Span, scope: Scope): Bound {
    const whole = this.scalar(target, scope);
    if (whole.type === 'dynamic') return this.call('$index', [whole, part], span);
    problem(
      'KS147',
      `A value of type ${whole.type} has no parts; only a dynamic has`,
      span,
      whole.type === 'string' ? 'Read it first with parse_json(…).' : undefined,
    );
  }

  logicalOf(operator: 'and' | 'or', terms: readonly Bound[]): Bound {
    const row = operatorRow(operator);
    return this.made(row, operator, terms);
  }

  private logical(value: Expression & { kind: 'logical' }, scope: Scope): Bound {
    return this.logicalOf(
      value.operator,
      value.terms.map((term) => this.term(term, scope)),
    );
  }

  private binary(value: Expression & { kind: 'binary' }, scope: Scope): Bound {
    if (value.left.kind === 'star') return this.anyColumn(value, scope);
    const left = this.scalar(value.left, scope);
    const right = this.scalar(value.right, scope);
    return this.binaryOf(value.operator, left, right, value.span);
  }

  /** `* has "x"`: any column's text. */
  private anyColumn(value: Expression & { kind: 'binary' }, scope: Scope): Bound {
    if (scope.input === undefined) problem('SYN0002', "'*' cannot stand here", value.left.span);
    const right = this.scalar(value.right, scope);
    const terms: Bound[] = [];
    for (const each of scope.input.columns) {
      const searchable =
        value.operator === '==' || value.operator === '!='
          ? each.column.type === right.type
          : each.column.type === 'string' || each.column.type === 'dynamic';
      if (searchable)
        terms.push(this.binaryOf(value.operator, reference(each.column), right, value.span));
    }
    return terms.length === 0 ? constant('bool', false) : this.logicalOf('or', terms);
  }

  binaryOf(operator: BinaryOperator, left: Bound, right: Bound, span: Span): Bound {
    switch (operator) {
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.compare(operator, left, right, span);
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        return this.arithmetic(operator, left, right, span);
      case ':':
        if (left.type === 'string' || left.type === 'dynamic')
          return this.binaryOf('has', left, right, span);
        return this.compare('==', left, right, span);
      default: {
        const text = (side: Bound): Bound => {
          if (side.type === 'string') return side;
          if (side.type === 'dynamic') return convert(side, 'string', span, this);
          problem(
            'SEM0064',
            `The operator '${operator}' is not defined for ${left.type} and ${right.type}`,
            span,
            'Convert with tostring(…).',
          );
        };
        const negated = operator.startsWith('!');
        const plain = operator === '!~' ? '=~' : negated ? operator.slice(1) : operator;
        const pattern = text(right);
        if (plain === 'matches regex') checkRegex(pattern, span);
        const made = this.made(operatorRow(plain), plain, [text(left), pattern]);
        return negated ? this.made(operatorRow('$not'), '$not', [made]) : made;
      }
    }
  }

  compare(
    operator: '==' | '!=' | '<' | '<=' | '>' | '>=',
    left: Bound,
    right: Bound,
    span: Span,
  ): Bound {
    const refuse = (hint?: string): never =>
      problem(
        'SEM0064',
        `The operator '${operator}' is not defined for ${left.type} and ${right.type}`,
        span,
        hint,
      );
    const ordering = operator !== '==' && operator !== '!=';
    let [a, b] = [left, right];
    if (a.type === 'dynamic' && b.type === 'dynamic') {
      if (ordering) [a, b] = [convert(a, 'real', span, this), convert(b, 'real', span, this)];
      else [a, b] = [convert(a, 'string', span, this), convert(b, 'string', span, this)];
    } else if (ordering && (a.type === 'dynamic' || b.type === 'dynamic')) {
      // Only with numbers is there an order.
      const other = a.type === 'dynamic' ? b : a;
      if (!isNumeric(other.type)) refuse(`Convert with to${other.type}(…).`);
      if (a.type === 'dynamic') a = convert(a, dynamicAs(b), span, this);
      else b = convert(b, dynamicAs(a), span, this);
    } else if (a.type === 'dynamic') a = convert(a, dynamicAs(b), span, this);
    else if (b.type === 'dynamic') b = convert(b, dynamicAs(a), span, this);
    else if (a.type !== b.type) {
      if (isNumeric(a.type) && isNumeric(b.type)) {
        if (a.type === 'decimal' && b.type === 'real') a = convert(a, 'real', span, this);
        else if (b.type === 'decimal' && a.type === 'real') b = convert(b, 'real', span, this);
      } else if (a.type === 'bool' && isNumeric(b.type)) a = convert(a, 'long', span, this);
      else if (b.type === 'bool' && isNumeric(a.type)) b = convert(b, 'long', span, this);
      else if (a.type === 'string' && !ordering) a = convert(a, b.type, span, this);
      else if (b.type === 'string' && !ordering) b = convert(b, a.type, span, this);
      else if (a.type === 'string') refuse(`Convert the text with to${b.type}(…).`);
      else if (b.type === 'string') refuse(`Convert the text with to${a.type}(…).`);
      else refuse();
    }
    if (ordering && (a.type === 'string' || a.type === 'guid')) {
      problem(
        'SEM0064',
        `The operator '${operator}' is not defined for ${left.type} and ${right.type}`,
        span,
        'Compare text with strcmp(…).',
      );
    }
    return this.made(operatorRow(operator), operator, [a, b]);
  }

  arithmetic(operator: '+' | '-' | '*' | '/' | '%', left: Bound, right: Bound, span: Span): Bound {
    const refuse = (): never =>
      problem(
        'SEM0064',
        `The operator '${operator}' is not defined for ${left.type} and ${right.type}`,
        span,
      );
    let [a, b] = [left, right];
    if (a.type === 'dynamic' && b.type === 'dynamic') {
      const made = this.arithmetic(
        operator,
        convert(a, 'real', span, this),
        convert(b, 'real', span, this),
        span,
      );
      return convert(made, 'dynamic', span, this);
    }
    if (a.type === 'dynamic') a = convert(a, dynamicOperand(b, operator) ?? refuse(), span, this);
    else if (b.type === 'dynamic')
      b = convert(b, dynamicOperand(a, operator) ?? refuse(), span, this);
    const [x, y] = [a.type, b.type];
    let type: ScalarType;
    if (isNumeric(x) && isNumeric(y)) {
      type = widest(x, y);
      if (type === 'decimal')
        [a, b] = [convert(a, 'decimal', span, this), convert(b, 'decimal', span, this)];
    } else if (x === 'datetime' && y === 'datetime' && operator === '-') type = 'timespan';
    else if (x === 'datetime' && y === 'timespan' && (operator === '-' || operator === '+'))
      type = 'datetime';
    else if (x === 'timespan' && y === 'datetime' && (operator === '-' || operator === '+'))
      type = 'datetime';
    // Ticks as numbers: `(start + end) / 2` is the middle.
    else if (x === 'datetime' && y === 'datetime' && operator === '+') type = 'datetime';
    else if (x === 'datetime' && isTime(y) && operator === '/') type = 'real';
    else if (x === 'datetime' && isNumeric(y) && (operator === '*' || operator === '/'))
      type = 'datetime';
    else if (isNumeric(x) && y === 'datetime' && operator === '*') type = 'datetime';
    else if (x === 'datetime' && isNumeric(y) && operator === '%') {
      b = convert(b, 'long', span, this);
      type = 'datetime';
    } else if (x === 'datetime' && isTime(y) && operator === '%') type = 'timespan';
    else if (x === 'timespan' && y === 'timespan')
      type = operator === '/' ? 'real' : operator === '*' ? refuse() : 'timespan';
    else if (x === 'timespan' && isNumeric(y) && (operator === '*' || operator === '/'))
      type = 'timespan';
    else if (isNumeric(x) && y === 'timespan' && operator === '*') type = 'timespan';
    else if (x === 'timespan' && isNumeric(y) && operator === '%') {
      b = convert(b, 'long', span, this);
      type = 'timespan';
    } else return refuse();
    if (b.type === 'decimal' && isTime(a.type)) b = convert(b, 'real', span, this);
    if (a.type === 'decimal' && isTime(b.type)) a = convert(a, 'real', span, this);
    return this.made(operatorRow(operator), operator, [a, b], type);
  }

  private list(value: Expression & { kind: 'list' }, scope: Scope): Bound {
    if (value.value.kind === 'star') {
      if (scope.input === undefined) problem('SYN0002', "'*' cannot stand here", value.value.span);
      const terms = scope.input.columns
        .filter((each) => each.column.type === 'string' || each.column.type === 'dynamic')
        .map((each) => this.listOf(value, reference(each.column), scope));
      return terms.length === 0 ? constant('bool', false) : this.logicalOf('or', terms);
    }
    return this.listOf(value, this.scalar(value.value, scope), scope);
  }

  private listOf(value: Expression & { kind: 'list' }, operand: Bound, scope: Scope): Bound {
    const operator = value.operator;
    const only = value.items.length === 1 ? value.items[0] : undefined;
    const termwise = operator === 'has_any' || operator === 'has_all';
    const folded = operator === 'in~' || operator === '!in~';
    if ((termwise || folded) && operand.type !== 'string' && operand.type !== 'dynamic') {
      problem(
        'SEM0064',
        `The operator '${operator}' is not defined for ${operand.type}`,
        value.span,
        'Convert with tostring(…).',
      );
    }
    const negated = operator === '!in' || operator === '!in~';
    if (only !== undefined && this.isTable(only, scope)) {
      const table = this.table(only, scope);
      const first = table.columns[0];
      if (first === undefined) problem('SEM0019', 'The table has no column', only.span);
      if (termwise) {
        const collected: Bound = {
          kind: 'collected',
          plan: table.plan,
          column: first.column,
          type: 'dynamic',
          nullable: false,
        };
        return this.made(operatorRow(operator), operator, [
          convert(operand, 'string', value.span, this),
          collected,
        ]);
      }
      const type =
        operand.type === 'dynamic'
          ? first.column.type === 'dynamic'
            ? 'string'
            : first.column.type
          : operand.type;
      const member = this.extend(table, [
        { name: 'value', value: convert(reference(first.column), type, only.span, this) },
      ]);
      return {
        kind: 'member',
        value: convert(operand, type, value.span, this),
        plan: member.relation.plan,
        column: member.columns[0] as Column,
        folded: folded && type === 'string',
        negated,
        type: 'bool',
        nullable: false,
      };
    }
    // A dynamic array stands for its elements, alone or among others.
    const items = value.items.flatMap((item): Bound[] => {
      const bound = this.scalar(item, scope);
      return bound.kind === 'constant' && bound.type === 'dynamic'
        ? (elementsOf(bound.value) ?? [bound])
        : [bound];
    });
    const dynamicItem = items.find((item) => item.type === 'dynamic' && item.kind !== 'constant');
    if (termwise) {
      const text = convert(operand, 'string', value.span, this);
      if (dynamicItem !== undefined && items.length === 1)
        return this.made(operatorRow(operator), operator, [text, dynamicItem]);
      return this.made(operatorRow(operator), operator, [
        text,
        ...items.map((item) => convert(item, 'string', value.span, this)),
      ]);
    }
    if (dynamicItem !== undefined && items.length === 1) {
      const text = convert(operand, 'string', value.span, this);
      const found = this.made(operatorRow(folded ? '$in_array~' : '$in_array'), operator, [
        text,
        dynamicItem,
      ]);
      return negated ? this.made(operatorRow('$not'), '$not', [found]) : found;
    }
    const type =
      operand.type === 'dynamic'
        ? (commonType(items.map((item) => item.type)) ?? 'string')
        : operand.type;
    const wanted: ScalarType =
      type === 'dynamic'
        ? 'string'
        : isNumeric(type) && items.some((item) => item.type === 'real')
          ? 'real'
          : type;
    const row = folded && wanted === 'string' ? 'in~' : 'in';
    const found = this.made(operatorRow(row), row, [
      convert(operand, wanted, value.span, this),
      ...items.map((item) => convert(item, wanted, value.span, this)),
    ]);
    return negated ? this.made(operatorRow('$not'), '$not', [found]) : found;
  }

  private scalarQuery(value: Expression, scope: Scope): Bound {
    const table = this.table(value, { input: undefined, environment: scope.environment });
    const first = table.columns[0];
    if (first === undefined) problem('SEM0019', 'The table has no column', value.span);
    const plan: Plan = { kind: 'limit', input: table.plan, count: 1n };
    return {
      kind: 'scalar',
      plan,
      column: first.column,
      type: first.column.type,
      nullable: hasNull(first.column.type),
    };
  }

  // ---- calls ------------------------------------------------------------------------------

  private callOf(value: Expression & { kind: 'call' }, scope: Scope): Bound {
    const binding = scope.environment.find(value.name);
    if (binding?.kind === 'function')
      return this.callScalar(binding, value.args, value.span, scope);
    switch (value.name) {
      case 'case': {
        const count = value.args.length;
        if (count < 3 || count % 2 === 0)
          problem(
            'KS119',
            'case() takes conditions with their values, and a last value',
            value.span,
          );
        const bound = value.args.map((arg, index) =>
          index % 2 === 0 && index < count - 1
            ? this.predicate(arg.value, scope)
            : this.scalar(arg.value, scope),
        );
        const isValue = (index: number): boolean => index % 2 === 1 || index === count - 1;
        const common =
          commonType(bound.filter((_, index) => isValue(index)).map((each) => each.type)) ??
          'dynamic';
        const row = functionNamed('case');
        invariant(row !== undefined, 'case is in a table');
        return this.made(
          row,
          'case',
          bound.map((each, index) =>
            isValue(index) ? convert(each, common, value.span, this) : each,
          ),
        );
      }
      case 'toscalar': {
        const first = value.args[0]?.value;
        if (first === undefined || value.args.length !== 1)
          problem('KS119', 'toscalar() takes one table', value.span);
        if (!this.isTable(first, scope))
          return this.scalar(first, { input: undefined, environment: scope.environment });
        return this.scalarQuery(first, scope);
      }
      case 'ingestion_time':
        if (scope.input?.ingestionTime === undefined) return constant('datetime', null);
        return reference(scope.input.ingestionTime);
      case 'column_ifexists':
      case 'columnifexists': {
        const [name, fallback] = [value.args[0]?.value, value.args[1]?.value];
        if (name === undefined || fallback === undefined)
          problem('KS119', `${value.name}() takes 2 arguments`, value.span);
        const text = this.constantText(name, scope);
        if (text === undefined) problem('SEM0101', 'The name must be a constant', name.span);
        const column =
          scope.input === undefined ? undefined : columnNamed(scope.input.columns, text);
        return column === undefined ? this.scalar(fallback, scope) : reference(column);
      }
      case 'iscolumnexists': {
        const name = value.args[0]?.value;
        const text = name === undefined ? undefined : this.constantText(name, scope);
        if (text === undefined)
          problem('SEM0101', `${value.name}() takes the name of a column`, value.span);
        const columns = scope.input?.columns ?? [];
        return constant('bool', columnNamed(columns, text) !== undefined);
      }
      case 'column_names_of': {
        const table = value.args[0]?.value;
        if (table === undefined || value.args.length !== 1)
          problem('KS119', 'column_names_of() takes one table', value.span);
        const { columns } = this.table(table, {
          input: undefined,
          environment: scope.environment,
        });
        return constant('dynamic', JSON.stringify(columns.map((each) => each.name)));
      }
      case 'bag_pack_columns': {
        const packed = value.args.flatMap((arg): Bound[] => [
          constant('string', this.nameFor(arg.value, scope)),
          this.scalar(arg.value, scope),
        ]);
        if (packed.length === 0)
          problem('KS119', 'bag_pack_columns() takes one column or more', value.span);
        return this.call('bag_pack', packed, value.span);
      }
      case 'pack_array': {
        if (value.args[0]?.value.kind !== 'star' || value.args.length > 1) break;
        if (scope.input === undefined) problem('SEM0100', 'pack_array(*) needs a row', value.span);
        const columns = scope.input.columns.map((each) => reference(each.column));
        return this.call('pack_array', columns, value.span);
      }
      case 'pack_all': {
        if (scope.input === undefined) problem('SEM0100', 'pack_all() needs a row', value.span);
        const packed = scope.input.columns.flatMap((each): Bound[] => [
          constant('string', each.name),
          reference(each.column),
        ]);
        const only =
          value.args[0] === undefined ? undefined : this.scalar(value.args[0].value, scope);
        const skipEmpty = only?.kind === 'constant' && only.value === true;
        if (skipEmpty) return this.made(packNonEmpty, 'pack_all', packed);
        return this.call('bag_pack', packed, value.span);
      }
      case 'estimate_data_size': {
        const isAll = value.args.length === 1 && value.args[0]?.value.kind === 'star';
        const columns = isAll
          ? (scope.input?.columns.map((each) => reference(each.column)) ?? [])
          : value.args.map((arg) => this.scalar(arg.value, scope));
        return this.call('estimate_data_size', columns, value.span);
      }
      case 'current_cluster_endpoint':
      case 'current_principal':
      case 'current_principal_details':
      case 'current_principal_is_member_of':
      case 'geo_info_from_ip_address':
      case 'http_request':
        return notSupported(`${value.name}()`, value.nameSpan);
      case 'bin_auto': {
        const { binAuto } = this.options;
        const first = value.args[0]?.value;
        if (binAuto === undefined || first === undefined)
          problem(
            'KS119',
            'bin_auto() takes a value, and its size by a statement before',
            value.span,
            'Write set query_bin_auto_size = 1h; before the query.',
          );
        const binned = this.scalar(first, scope);
        return binAuto.at === undefined
          ? this.call('bin', [binned, binAuto.size], value.span)
          : this.call('bin_at', [binned, binAuto.size, binAuto.at], value.span);
      }
      case 'current_database':
        return constant('string', databaseName);
      default:
        break;
    }
    const row = functionNamed(value.name);
    if (row === undefined) {
      if (aggregateNamed(value.name) !== undefined) {
        problem(
          'KS103',
          `The aggregate ${value.name}() is not allowed here`,
          value.nameSpan,
          'Use it in summarize.',
        );
      }
      if (this.isTable(value, scope))
        problem(
          'SEM0100',
          `${value.name}() gives a table, not a value`,
          value.span,
          'Write toscalar(…) for its first value.',
        );
      this.unknownFunction(value.name, value.nameSpan, scope);
    }
    if (row.window === true && scope.input?.serialized !== true) {
      problem(
        'SEM0019',
        `${row.name}() needs rows in an order`,
        value.span,
        "Put 'sort by' or 'serialize' before it.",
      );
    }
    const args: Bound[] = [];
    let type: ScalarType | undefined;
    for (const arg of value.args) {
      if (arg.value.kind === 'typeof') type = arg.value.types[0]?.type;
      else args.push(this.scalar(arg.value, scope));
    }
    return this.apply(row, value.name, args, value.span, type);
  }

  private callScalar(
    binding: Binding & { kind: 'function' },
    args: readonly NamedExpression[],
    span: Span,
    scope: Scope,
  ): Bound {
    return this.deeper(span, () => {
      const { value, environment } = this.enter(binding, args, span, scope);
      const inner: Scope = { input: undefined, environment };
      return this.isTable(value, inner)
        ? this.scalarQuery(value, inner)
        : this.scalar(value, inner);
    });
  }

  private unknownFunction(name: string, span: Span, scope: Scope): never {
    const why = whyUnsupported(name);
    if (why !== undefined) notSupported(`${name}()`, span, `${why}.`);
    const known = [...functionNames(), ...aggregateNames(), ...scope.environment.names()];
    problem('SEM0260', `'${name}' is not a known function`, span, didYouMean(name, known));
  }

  /** A call of a table row by name, for operators and other rows. */
  call(name: string, args: readonly Bound[], span: Span): Bound {
    const row = name.startsWith('$') ? operatorRow(name) : functionNamed(name);
    invariant(row !== undefined, `the function ${name} is in a table`);
    return this.apply(row, name, args, span);
  }

  apply(
    row: FunctionRow,
    name: string,
    args: readonly Bound[],
    span: Span,
    typeArgument?: ScalarType,
  ): Bound {
    const fitted = this.fitted(row.takes, name, args, span);
    for (const position of row.constants ?? []) {
      const arg = fitted[position];
      if (arg !== undefined && arg.kind !== 'constant') {
        problem('SEM0101', `Argument ${position + 1} of ${name}() must be a constant`, span);
      }
    }
    for (const [position, words] of Object.entries(row.choices ?? {})) {
      const arg = fitted[Number(position)];
      if (arg?.kind !== 'constant') continue;
      const word = String(arg.value ?? '');
      if (words.includes(word.toLowerCase())) continue;
      problem(
        'KS107',
        `'${word}' is not known to ${name}(): write ${words.join(', ')}`,
        span,
        didYouMean(word, words),
      );
    }
    const regexes = typeof row.regexes === 'function' ? row.regexes(fitted) : row.regexes;
    for (const position of regexes ?? []) checkRegex(fitted[position], span);
    const made =
      row.composed?.(fitted, (part, given) => this.composedCall(part, given, span)) ??
      this.made(row, name, fitted, undefined, span);
    return typeArgument === undefined || made.type === typeArgument
      ? made
      : convert(made, typeArgument, span, this);
  }

  private composedCall(name: string | FunctionRow, args: readonly Bound[], span: Span): Bound {
    const [left, right] = args;
    if (typeof name !== 'string') return this.apply(name, name.name, args, span);
    if (name === 'or') return this.logicalOf('or', args);
    if (left !== undefined && right !== undefined) {
      if (name === '==' || name === '!=' || name === '>=')
        return this.compare(name, left, right, span);
      if (name === '+') return this.arithmetic(name, left, right, span);
    }
    return this.call(name, args, span);
  }

  /** Chooses an overload and converts the arguments to it. */
  fitted(
    takes: string | readonly string[],
    name: string,
    args: readonly Bound[],
    span: Span,
  ): Bound[] {
    let best: { parameters: ParameterType[]; cost: number } | undefined;
    let counted = false;
    let wanted: string | undefined;
    for (const text of typeof takes === 'string' ? [takes] : takes) {
      const candidate = signature(text);
      if (!countFits(candidate, args.length)) continue;
      counted = true;
      let cost = 0;
      const parameters: ParameterType[] = [];
      for (const [index, arg] of args.entries()) {
        const parameter = parameterAt(candidate, index) ?? 'scalar';
        const each = fit(arg, parameter);
        if (each === undefined) {
          wanted ??= `Argument ${index + 1} of ${name}() is ${arg.type}; ${parameter === 'text' ? 'string' : parameter} is expected`;
          cost = Infinity;
          break;
        }
        parameters.push(parameter);
        cost += each * each;
      }
      if (cost < (best?.cost ?? Infinity)) best = { parameters, cost };
    }
    if (!counted)
      problem('KS119', `${name}() takes ${describeCounts(takes)}, not ${args.length}`, span);
    if (best === undefined)
      problem('KS107', wanted ?? `${name}() does not take these arguments`, span);
    const { parameters } = best;
    const shared = args.filter((_, index) => isShared(parameters[index])).map((arg) => arg.type);
    const common = shared.length === 0 ? undefined : (commonType(shared) ?? 'dynamic');
    const odd = shared.find(
      (type) => type !== shared[0] && !(isNumeric(type) && isNumeric(shared[0] ?? type)),
    );
    if (odd !== undefined && parameters.includes('alike')) {
      problem(
        'KS107',
        `The arguments of ${name}() are of one type, not ${shared[0]} and ${odd}`,
        span,
        `Convert with to${shared[0]}(…) or to${odd}(…).`,
      );
    }
    return args.map((arg, index) =>
      this.convertTo(arg, parameters[index] as ParameterType, common, span),
    );
  }

  private convertTo(
    arg: Bound,
    wanted: ParameterType,
    common: ScalarType | undefined,
    span: Span,
  ): Bound {
    switch (wanted) {
      case 'scalar':
      case 'type':
        return arg;
      case 'common':
      case 'alike':
        return convert(arg, common ?? arg.type, span, this);
      case 'text':
      case 'printable':
        return convert(arg, 'string', span, this);
      case 'integer':
        return arg.type === 'int' || arg.type === 'long' ? arg : convert(arg, 'long', span, this);
      case 'number':
        return isNumeric(arg.type)
          ? arg
          : convert(arg, arg.type === 'bool' ? 'long' : 'real', span, this);
      case 'summable':
        if (arg.type === 'datetime') problem('KS107', 'A number or timespan is expected', span);
        return isNumeric(arg.type) || arg.type === 'timespan'
          ? arg
          : convert(arg, arg.type === 'bool' ? 'long' : 'real', span, this);
      case 'orderable':
        return arg;
      default:
        return convert(arg, wanted, span, this);
    }
  }

  /** The call itself, folded where every argument is known. */
  made(
    row: FunctionRow,
    name: string,
    args: readonly Bound[],
    forced?: ScalarType,
    span: Span = nowhere,
  ): Bound {
    this.nodes++;
    const type = forced ?? (typeof row.gives === 'function' ? row.gives(args) : row.gives);
    if (row.fold !== undefined && args.every((arg) => arg.kind === 'constant')) {
      const values = args.map((arg) => (arg.kind === 'constant' ? arg.value : null));
      const value = row.fold(values, this, args);
      if (value !== undefined) return constant(type, value);
    }
    const nulls = typeof row.nulls === 'function' ? row.nulls(args) : row.nulls;
    const nullable =
      hasNull(type) &&
      (nulls === 'always' || (nulls !== 'never' && args.some((arg) => arg.nullable)));
    let size = 1;
    for (const arg of args) size += sizeOf(arg);
    if (size > expressionNodesMax) {
      problem(
        'KQL_LIMIT',
        `An expression has more than ${expressionNodesMax} parts, with its variables put in`,
        span,
      );
    }
    const call: BoundCall = {
      kind: 'call',
      name,
      args,
      size,
      type,
      nullable,
      lower: row.sql,
      volatile: row.volatile ?? false,
      window: row.window ?? false,
      restartAt: row.restartAt,
      conditions: row.conditions ?? 'none',
    };
    return row.computed === undefined ? call : { ...call, computed: this.computing(row, span) };
  }

  private computing(row: FunctionRow, span: Span): Computed {
    this.hasComputed = true;
    const { fold, computed } = row;
    return {
      of: (values, args) => {
        const value = fold?.(values, this, args);
        invariant(value !== undefined, `${row.name} answers for every value`);
        return value;
      },
      rowsMax: computed?.rowsMax,
      span,
    };
  }

  // ---- constants --------------------------------------------------------------------------

  /** The value of a constant expression; a problem otherwise. */
  constantOf(value: Expression, scope: Scope, what: string): ConstantValue {
    const bound = this.scalar(value, scope);
    if (bound.kind !== 'constant') problem('SEM0101', `${what} must be a constant`, value.span);
    return bound.value;
  }

  constantLong(value: Expression, scope: Scope, what: string): bigint {
    const bound = this.scalar(value, scope);
    const long = convert(bound, 'long', value.span, this);
    if (long.kind !== 'constant' || typeof long.value !== 'bigint') {
      problem('SEM0101', `${what} must be a constant number`, value.span);
    }
    return long.value;
  }

  private constantText(value: Expression, scope: Scope): string | undefined {
    const bound = this.scalar(value, { input: undefined, environment: scope.environment });
    return bound.kind === 'constant' && bound.type === 'string' ? String(bound.value) : undefined;
  }

  // ---- for operators ------------------------------------------------------------------------

  /** New columns after the input's rows; a plain column needs none. */
  extend(
    input: Relation,
    values: readonly { readonly name: string; readonly value: Bound }[],
  ): { relation: Relation; columns: Column[] } {
    const definitions: { column: Column; value: Bound }[] = [];
    const columns = values.map(({ name, value }) => {
      if (value.kind === 'column') return value.column;
      const column = this.column(name, value.type, value.nullable);
      definitions.push({ column, value });
      return column;
    });
    if (definitions.length === 0) return { relation: input, columns };
    const plan: Plan = { kind: 'extend', input: input.plan, definitions };
    return { relation: { ...input, plan }, columns };
  }

  aggregate(
    value: Expression,
    scope: Scope,
  ): { call: AggregateCall; names: string[]; row: AggregateRow } {
    if (value.kind !== 'call') problem('KS103', 'An aggregate is expected', value.span);
    const row = aggregateNamed(value.name);
    if (row === undefined) {
      const why = whyUnsupported(value.name);
      if (why !== undefined) notSupported(`${value.name}()`, value.nameSpan, `${why}.`);
      const hint = didYouMean(value.name, aggregateNames());
      problem('SEM0260', `'${value.name}' is not an aggregate function`, value.nameSpan, hint);
    }
    // `count(column)` is in published queries; it means count().
    const given = row.name === 'count' ? [] : value.args;
    const args = given.map((arg) => this.scalar(arg.value, scope));
    const fitted = this.fitted(row.takes, value.name, args, value.span);
    const firstName = given[0] === undefined ? '' : this.nameFor(given[0].value, scope);
    const prefix = row.naming === 'first' ? undefined : (row.naming?.prefix ?? row.name);
    const several = row.several?.(fitted);
    if (several !== undefined) {
      const columns = several.map((each) => this.column(`${prefix}_${firstName}`, each.type));
      const names = several.map((each) => `${prefix}_${firstName}${each.suffix}`);
      return { call: { kind: 'call', row, args: fitted, columns }, names, row };
    }
    const name = prefix === undefined ? firstName : `${prefix}_${firstName}`;
    const type = typeof row.gives === 'function' ? row.gives(fitted) : row.gives;
    const column = this.column(name === '' ? 'value' : name, type, row.nullable ?? true);
    return { call: { kind: 'call', row, args: fitted, columns: [column] }, names: [name], row };
  }

  /** The name that an expression gives its column: a column's, a path's, or '' for none. */
  nameFor(value: Expression, scope: Scope): string {
    switch (value.kind) {
      case 'name':
        return value.name;
      case 'member': {
        if (
          value.target.kind === 'name' &&
          value.target.name.startsWith('$') &&
          scope.sides !== undefined
        )
          return value.name;
        const target = this.nameFor(value.target, scope);
        return target === '' ? value.name : `${target}_${value.name}`;
      }
      case 'index': {
        const target = this.nameFor(value.target, scope);
        const index = value.index.kind === 'literal' ? String(value.index.value) : '';
        return target === '' ? '' : `${target}_${index}`;
      }
      case 'call': {
        if (scope.environment.find(value.name)?.kind === 'function') return '';
        const fixed = fixedNaming.get(value.name);
        if (fixed !== undefined) return fixed;
        const row = functionNamed(value.name);
        const first = value.args[0]?.value;
        const isKnown = row !== undefined || value.name === 'bin_auto';
        const naming = isKnown ? resultNaming.get(value.name) : undefined;
        if (naming !== undefined && first !== undefined) {
          const name = this.nameFor(first, scope);
          return naming === '' ? name : name === '' ? '' : `${naming}_${name}`;
        }
        if (
          (value.name === 'column_ifexists' || value.name === 'columnifexists') &&
          first?.kind === 'literal'
        ) {
          const name = String(first.value);
          return columnNamed(scope.input?.columns ?? [], name) === undefined ? '' : name;
        }
        return '';
      }
      case 'literal':
      case 'star':
      case 'binary':
      case 'logical':
      case 'negate':
      case 'list':
      case 'between':
      case 'typeof':
      case 'pipeline':
      case 'leading':
      case 'function':
        return '';
    }
  }

  /** Columns that a name, or a pattern with `*`, stands for; a problem if there are none. */
  columnsLike(pattern: string, span: Span, input: Relation): VisibleColumn[] {
    const found = input.columns.filter((each) => wildcardFits(pattern, each.name));
    if (found.length === 0) {
      const names = input.columns.map((each) => each.name);
      problem(
        'SEM0100',
        `'${pattern}' does not refer to any known column`,
        span,
        didYouMean(pattern, names),
      );
    }
    return found;
  }
}

/** The same words, whether it is there or not. */
export function unknownWorkspace(text: string, span: Span): never {
  problem(
    'SEM0100',
    `The workspace '${text}' is not known, or you may not read it`,
    span,
    'Name it by its id, its resource id, or its name.',
  );
}

const databaseKey = (name: string): string => placeKey('database', name);

const placeKey = (call: string, name: string | undefined): string =>
  `${call}(${JSON.stringify(name ?? '')})`;

const pathOf = ({ name, span }: Expression & { kind: 'member' }): NamedExpression => ({
  names: [],
  value: { kind: 'literal', type: 'string', value: name, span },
  span,
});

function refuseRestricted({ name, span }: Expression & { kind: 'member' }): never {
  problem('SEM0100', `'${name}' is not among what 'restrict access' allows`, span);
}

/** Tables first, defaults last, each name once. */
function checkParameters({ parameters }: FunctionSyntax): void {
  const names = new Set<string>();
  let [values, defaults] = [false, false];
  for (const { name, type, fallback, span } of parameters) {
    if (names.has(name)) problem('KS201', `The parameter '${name}' is declared twice`, span);
    names.add(name);
    if (type === 'tabular' && values)
      problem('SYN0002', 'Parameters that are tables come first', span);
    if (type !== 'tabular') values = true;
    if (fallback === undefined && defaults && type !== 'tabular')
      problem('SYN0002', 'Parameters with a default come last', span);
    if (fallback !== undefined) defaults = true;
  }
}

const noColumns: ReadonlySet<Column> = new Set();
const nowhere: Span = { start: 0, end: 0 };

function checkRegex(pattern: Bound | undefined, span: Span): void {
  if (pattern?.kind !== 'constant') return;
  const fault = regexFault(String(pattern.value ?? ''));
  if (fault !== undefined)
    problem('KQL_REGEX', `The regular expression cannot be read: ${fault}`, span);
}

class ColumnNamedLater implements Column {
  readonly type: ScalarType;
  readonly nullable: boolean;
  private readonly name: () => string;
  private known: string | undefined;

  constructor(type: ScalarType, nullable: boolean, name: () => string) {
    this.type = type;
    this.nullable = nullable;
    this.name = name;
  }

  get sql(): string {
    return (this.known ??= this.name());
  }
}

const isShared = (of: ParameterType | undefined): boolean => of === 'common' || of === 'alike';
const isTime = (type: ScalarType): boolean => type === 'datetime' || type === 'timespan';

const placeFunctions = new Set(['workspace', 'database', 'cluster', 'app', 'resource']);

function rootCall(value: Expression): string | undefined {
  let at: Expression = value;
  while (at.kind === 'member') at = at.target;
  return at.kind === 'call' ? at.name : undefined;
}

/** What a dynamic becomes beside a value of another type. */
function dynamicAs(other: Bound): ScalarType {
  if (other.type === 'int' || other.type === 'long') {
    const big = other.kind !== 'constant' || typeof other.value !== 'bigint';
    return big || (other.value >= -(2n ** 53n) && other.value <= 2n ** 53n) ? 'real' : 'long';
  }
  return other.type;
}

/** And in arithmetic; undefined where there is none. */
function dynamicOperand(other: Bound, operator: string): ScalarType | undefined {
  const adds = operator === '+' || operator === '-';
  if (other.type === 'datetime')
    return operator === '-' ? 'datetime' : operator === '+' ? 'timespan' : undefined;
  if (other.type === 'timespan') return adds ? 'timespan' : operator === '*' ? 'real' : undefined;
  return isNumeric(other.type) ? other.type : undefined;
}

/** A constant dynamic array's elements; undefined for what is not an array of plain values. */
function elementsOf(value: ConstantValue): Bound[] | undefined {
  if (typeof value !== 'string') return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  return parsed.map((each: unknown): Bound => {
    if (typeof each === 'string') return constant('string', each);
    if (typeof each === 'boolean') return constant('bool', each);
    if (typeof each === 'number') {
      return Number.isSafeInteger(each) ? constant('long', BigInt(each)) : constant('real', each);
    }
    return constant('dynamic', each === null ? null : JSON.stringify(each));
  });
}

function describeCounts(takes: string | readonly string[]): string {
  const counts = (typeof takes === 'string' ? [takes] : takes).map(signature);
  const least = Math.min(...counts.map((each) => each.required));
  const most = Math.max(
    ...counts.map((each) => (each.repeats ? Infinity : each.parameters.length)),
  );
  if (least === most) return `${least} argument${least === 1 ? '' : 's'}`;
  return most === Infinity ? `at least ${least} arguments` : `${least} to ${most} arguments`;
}

export { freeName };
