/**
 * The pipeline, each stage stricter than the last (see index.ts for the picture).
 */

import { StrongroomError } from '@strongroom/base';
import {
  print,
  type ColumnSchema,
  type ScalarType,
  type Select,
  type Statement as SqlStatement,
  type TableSchema,
} from '@strongroom/sql';
import {
  Diagnostics,
  KqlProblem,
  notSupported,
  problem,
  type Diagnostic,
  type Span,
} from './diagnostics.js';
import { columnsMax, otherRowsMax, otherWorkspacesMax, resultsMax } from './limits.js';
import { Answers, Unanswered, type Ask, type Inquiry, type Question } from './inquiry.js';
import { encode, withSettings } from './lower/encode.js';
import { Lowering } from './lower/plan.js';
import { faceted } from './operators/facet.js';
import { forked } from './operators/fork.js';
import { operatorLookup } from './operators/index.js';
import { funneled } from './operators/plugins/funnel-sequence.js';
import { previewed } from './operators/plugins/preview.js';
import { withAnswers } from './plan/computed.js';
import { gathered, workspacesOf } from './plan/reach.js';
import type { Plan } from './plan/plan.js';
import {
  Binder,
  type BinderOptions,
  type OtherWorkspace,
  type StoredFunction,
  type TableCatalog,
} from './semantics/binder.js';
import { constant, reference, type Bound, type Column } from './semantics/bound.js';
import { convert } from './semantics/convert.js';
import { Environment } from './semantics/environment.js';
import { relation, type Relation, type Visualization } from './semantics/relation.js';
import { querySettings, type QuerySettings } from './settings.js';
import { parseQuery } from './syntax/parser.js';
import type { Statement } from './syntax/tree.js';

export interface CompileOptions {
  readonly tables: readonly TableSchema[] | TableCatalog;
  /** What `TenantId` is, and what `workspace("…")` may name. */
  readonly workspaceId: string;
  /** Other names of this workspace, for `workspace("name").T`. */
  readonly workspaceNames?: readonly string[];
  /** What `now()` is, in ticks. */
  readonly now: bigint;
  /** Workspaces whose tables stand beside this one's own (the Query API's `workspaces`). */
  readonly alongside?: readonly OtherWorkspace[];
  /**
   * What `workspace("…")` names: undefined where it is nothing, or nothing that the caller may read.
   * Asked by `compileAsking` once for each text.
   */
  readonly otherWorkspace?: (name: string) => Promise<OtherWorkspace | undefined>;
  /** Ticks, half-open; applied to `TimeGenerated` of every stored table, beside the query's own filters. */
  readonly timeRange?: { readonly start: bigint; readonly end: bigint };
  /** Each result stops at one row more, by which the caller sees that it was cut. */
  readonly rowsMax: number;
  readonly functions?: readonly StoredFunction[];
  /** Values for `declare query_parameters`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Written into the statement as the engine's own time limit, in milliseconds. */
  readonly timeoutMs?: number;
}

export interface CompiledQuery {
  /** `PrimaryResult`, or `Table_0`… where there are several and the query names none. */
  readonly name: string;
  readonly statement: SqlStatement;
  readonly columns: ColumnSchema[];
  readonly visualization?: Visualization;
  /** Stored tables that the query reads. */
  readonly tables: string[];
  /** Where the query itself says so: the result is cut here, below the caller's own limit. */
  readonly rowsMax?: number;
  readonly bytesMax?: number;
}

export type CompileResult =
  | {
      readonly ok: true;
      readonly results: CompiledQuery[];
      /** What was asked of the data before the results could be compiled, in order. */
      readonly inquiries: readonly Inquiry[];
      /** Where the results' statements run: another workspace where they read only its tables. */
      readonly workspaceId: string;
    }
  | { readonly ok: false; readonly diagnostics: Diagnostic[] };

/**
 * Compiles a query's text. Never throws for what the text holds: problems are values. What must look
 * at the data before its columns are known (`pivot`) is refused here; see `compileAsking`.
 */
export function compile(text: string, options: CompileOptions): CompileResult {
  const diagnostics = new Diagnostics(text);
  const made = guarded(diagnostics, () =>
    compileStatements(text, options, diagnostics, { ask: cannotAsk, otherWorkspace: nowhere }),
  );
  if (made === undefined || diagnostics.hasErrors)
    return { ok: false, diagnostics: diagnostics.all() };
  return { ok: true, ...made, inquiries: [] };
}

/**
 * Compiles a query's text, and asks what must be known of the data on the way: `ask` runs each
 * statement, within the query's own limits. What it throws passes through.
 */
export async function compileAsking(
  text: string,
  options: CompileOptions,
  ask: Ask,
): Promise<CompileResult> {
  const answers = new Answers();
  const workspaces = new Map<string, OtherWorkspace | undefined>();
  const asking: Asking = {
    ask: (question) => answers.rows(question, options.workspaceId),
    otherWorkspace: (name) => {
      if (workspaces.has(name)) return workspaces.get(name);
      if (workspaces.size >= otherWorkspacesMax) {
        const span = { start: 0, end: text.length };
        problem('KQL_LIMIT', `A query names more than ${otherWorkspacesMax} workspaces`, span);
      }
      throw new Unresolved(name);
    },
  };
  for (;;) {
    const diagnostics = new Diagnostics(text);
    let missing: Unanswered | Unresolved;
    try {
      const made = guarded(diagnostics, () =>
        compileStatements(text, options, diagnostics, asking),
      );
      if (made !== undefined && !diagnostics.hasErrors)
        return { ok: true, ...made, inquiries: answers.inquiries };
      return { ok: false, diagnostics: diagnostics.all() };
    } catch (error) {
      if (!(error instanceof Unanswered || error instanceof Unresolved)) throw error;
      // What is wrong already is told before anything is read.
      if (diagnostics.hasErrors) return { ok: false, diagnostics: diagnostics.all() };
      missing = error;
    }
    if (missing instanceof Unanswered) answers.add(missing.inquiry, await ask(missing.inquiry));
    else workspaces.set(missing.workspace, await options.otherWorkspace?.(missing.workspace));
  }
}

/** How a compilation learns what it cannot know of itself. */
type Asking = Pick<BinderOptions, 'ask' | 'otherWorkspace'>;

/** Thrown at the first mention of a workspace: the caller looks it up, and the query is bound anew. */
class Unresolved extends Error {
  readonly workspace: string;

  constructor(workspace: string) {
    super('a workspace that was not looked up');
    this.workspace = workspace;
  }
}

const nowhere = (): undefined => undefined;

function cannotAsk({ of, span }: Question): never {
  return notSupported(`${of}, whose columns or rows only the data tells,`, span);
}

/** Runs a stage; a problem becomes a diagnostic. */
function guarded<T>(diagnostics: Diagnostics, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof KqlProblem) diagnostics.add(error);
    else if (error instanceof StrongroomError && error.code.startsWith('SQL_')) {
      diagnostics.add(
        new KqlProblem('KQL_LIMIT', `The query is too large: ${error.message}`, {
          start: 0,
          end: 0,
        }),
      );
    } else throw error;
    return undefined;
  }
}

function catalogOf(tables: CompileOptions['tables']): TableCatalog {
  if ('get' in tables) return tables;
  const byName = new Map(tables.map((table) => [table.name, table]));
  return { get: (name) => byName.get(name), names: () => byName.keys() };
}

function compileStatements(
  text: string,
  options: CompileOptions,
  diagnostics: Diagnostics,
  asking: Asking,
): { results: CompiledQuery[]; workspaceId: string } {
  const statements = parseQuery(text, operatorLookup, diagnostics);
  const settings: Partial<QuerySettings> =
    guarded(diagnostics, () => querySettings(statements, constantsOnly(options))) ?? {};
  const binder = new Binder({
    tables: catalogOf(options.tables),
    workspaceId: options.workspaceId,
    workspaceNames: options.workspaceNames ?? [],
    functions: options.functions ?? [],
    now: settings.now ?? options.now,
    timeRange: options.timeRange,
    timeScope: settings.timeScope,
    binAuto: settings.binAuto,
    alongside: options.alongside ?? [],
    otherWorkspace: asking.otherWorkspace,
    // What an operator asks may lie in several workspaces too.
    ask: (question) => {
      const workspaceId = homeOf([question.plan], binder);
      const inOne = inOneWorkspace(question.plan, question.columns, workspaceId);
      const plan = sayable(inOne, question.columns, workspaceId);
      return asking.ask({ ...question, plan, workspaceId });
    },
  });
  const newColumn = (name: string, { type, nullable }: Pick<Column, 'type' | 'nullable'>): Column =>
    binder.column(name, type, nullable);
  /** A plan that reads one workspace, with answers for what SQL cannot say. */
  const sayable = (plan: Plan, columns: readonly Column[], workspaceId: string): Plan => {
    if (!binder.hasComputed) return plan;
    return withAnswers(plan, columns, {
      column: newColumn,
      ask: (question) => asking.ask({ ...question, workspaceId }),
    });
  };
  const inOneWorkspace = (plan: Plan, columns: readonly Column[], home: string): Plan => {
    if (!binder.readsOthers) return plan;
    return gathered(plan, columns, {
      home,
      column: newColumn,
      fetch: (workspaceId, part, wanted) => {
        const { text: named, span } = binder.places.get(workspaceId) ?? {
          text: workspaceId,
          span: { start: 0, end: text.length },
        };
        return asking.ask({
          of: `workspace('${named}')`,
          span,
          plan: sayable(part, wanted, workspaceId),
          columns: wanted,
          rowsMax: otherRowsMax,
          workspaceId,
        });
      },
    });
  };
  let environment = new Environment(storedFunctions(options.functions ?? []));
  const relations: Relation[] = [];
  for (const statement of statements) {
    guarded(diagnostics, () => {
      if (statement.kind === 'restrict') {
        environment = binder.restricted(statement, environment);
        return;
      }
      if (statement.kind === 'query') {
        const several =
          forked(binder, statement.value, environment) ??
          faceted(binder, statement.value, environment) ??
          previewed(binder, statement.value, environment) ??
          funneled(binder, statement.value, environment);
        if (several !== undefined) {
          relations.push(...several);
          return;
        }
      }
      const made = bindStatement(binder, statement, environment, options);
      if (made !== undefined) relations.push(made);
    });
  }
  if (diagnostics.hasErrors) return { results: [], workspaceId: options.workspaceId };
  if (relations.length === 0) {
    throw new KqlProblem(
      'SYN0002',
      'The query has no result',
      { start: 0, end: text.length },
      'Add a table or an expression.',
    );
  }
  if (relations.length > resultsMax) {
    throw new KqlProblem('KQL_LIMIT', `More than ${resultsMax} results`, { start: 0, end: 0 });
  }
  const workspaceId = homeOf(
    relations.map((each) => each.plan),
    binder,
  );
  const results = relations.map((each, index) => {
    const columns = each.columns.map((visible) => visible.column);
    const plan = inOneWorkspace(each.plan, columns, workspaceId);
    return finish(
      { ...each, plan: sayable(plan, columns, workspaceId) },
      relations.length === 1 ? 'PrimaryResult' : (each.label ?? `Table_${index}`),
      options,
      settings,
    );
  });
  return { results, workspaceId };
}

/** Where plans run: in the other workspace that alone they read, else in the query's own. */
function homeOf(plans: readonly Plan[], binder: Binder): string {
  const own = binder.options.workspaceId;
  if (!binder.readsOthers) return own;
  const [only, another] = new Set(plans.flatMap((each) => [...workspacesOf(each)]));
  return another === undefined ? (only ?? own) : own;
}

function bindStatement(
  binder: Binder,
  statement: Statement,
  environment: Environment,
  options: CompileOptions,
): Relation | undefined {
  const scope = { input: undefined, environment };
  switch (statement.kind) {
    case 'let':
    case 'pattern':
    case 'alias':
      binder.declare(statement, environment);
      return undefined;
    case 'set':
    case 'restrict':
      return undefined;
    case 'declare':
      for (const parameter of statement.parameters) {
        const given = options.parameters?.[parameter.name];
        const { type } = parameter;
        if (type === 'tabular') problem('KS107', 'A query parameter is a value', parameter.span);
        if (given === undefined && parameter.fallback === undefined) {
          throw new KqlProblem(
            'SEM0100',
            `The parameter '${parameter.name}' has no value`,
            parameter.span,
          );
        }
        const bound =
          given === undefined && parameter.fallback !== undefined
            ? binder.scalar(parameter.fallback, scope)
            : parameterValue(given, type, binder);
        if (bound.kind !== 'constant')
          problem('SEM0101', 'A default must be a constant', parameter.span);
        environment.set(parameter.name, {
          kind: 'scalar',
          bound: convert(bound, type, parameter.span, binder),
        });
      }
      return undefined;
    case 'query': {
      if (binder.isTable(statement.value, scope)) return binder.table(statement.value, scope);
      // A value alone is a table of one row, as `print` makes it.
      const bound = binder.scalar(statement.value, scope);
      const column = binder.column('print_0', bound.type, bound.nullable);
      return relation({ kind: 'values', columns: [column], rows: [[bound]] }, [
        { name: 'print_0', column },
      ]);
    }
  }
}

/** A parameter's value: JSON's own types, or text with a literal (`datetime(2026-01-01)`). */
function parameterValue(given: unknown, type: ScalarType, binder: Binder): Bound {
  if (typeof given === 'string' && type !== 'string') {
    const diagnostics = new Diagnostics(given);
    const [only, another] = parseQuery(given, operatorLookup, diagnostics);
    const isLiteral = only?.kind === 'query' && only.value.kind === 'literal';
    if (!diagnostics.hasErrors && another === undefined && isLiteral)
      return binder.scalar(only.value, { input: undefined, environment: new Environment() });
    if (type === 'dynamic') return constant('dynamic', given);
  }
  if (type === 'dynamic' && typeof given === 'object')
    return constant('dynamic', given === null ? null : JSON.stringify(given));
  if (typeof given === 'boolean') return constant('bool', given);
  if (typeof given === 'bigint') return constant('long', given);
  if (typeof given === 'number') {
    return Number.isSafeInteger(given) ? constant('long', BigInt(given)) : constant('real', given);
  }
  return constant('string', typeof given === 'string' ? given : JSON.stringify(given ?? null));
}

/** Saved functions as the environment around the query. */
function storedFunctions(functions: readonly StoredFunction[]): Environment {
  const environment = new Environment();
  for (const each of functions) {
    const text = `let f = (${each.parameters}) {${each.body}\n};`;
    // A function that does not parse is not there; the query that names it says so.
    const statements = parseQuery(text, operatorLookup, new Diagnostics(text));
    const first = statements[0];
    if (first?.kind === 'let' && first.value.kind === 'function') {
      environment.set(each.name, {
        kind: 'function',
        syntax: first.value,
        environment,
        name: each.name,
      });
    }
  }
  return environment;
}

/** A binder for values that stand alone. */
function constantsOnly({ workspaceId, now }: CompileOptions): Binder {
  return new Binder({
    tables: { get: () => undefined, names: () => [] },
    workspaceId,
    workspaceNames: [],
    now,
    timeRange: undefined,
    alongside: [],
    otherWorkspace: nowhere,
    ask: cannotAsk,
  });
}

function finish(
  result: Relation,
  name: string,
  options: CompileOptions,
  settings: Partial<QuerySettings>,
): CompiledQuery {
  if (result.columns.length > columnsMax) {
    throw new KqlProblem('KQL_LIMIT', `The result has more than ${columnsMax} columns`, {
      start: 0,
      end: 0,
    });
  }
  const lowering = new Lowering();
  const rowsMax = Math.min(settings.rowsMax ?? options.rowsMax, options.rowsMax);
  const columns = result.columns.map((each) => each.column);
  const plan: Plan =
    settings.take === undefined
      ? result.plan
      : { kind: 'limit', input: result.plan, count: settings.take };
  const query = lowering.result(plan, columns, BigInt(rowsMax) + 1n, encode);
  const statement = print(withSettings(query, options.timeoutMs));
  const schema = result.columns.map((each): ColumnSchema => ({
    name: each.name,
    type: each.column.type,
  }));
  const { bytesMax } = settings;
  const base = {
    name,
    statement,
    columns: schema,
    tables: [...lowering.tables],
    ...(rowsMax === options.rowsMax ? {} : { rowsMax }),
    ...(bytesMax === undefined ? {} : { bytesMax }),
  };
  return result.visualization === undefined
    ? base
    : { ...base, visualization: result.visualization };
}

export type TransformResult =
  | {
      readonly ok: true;
      /** Reads a relation that the caller puts under the alias `source`, with its `_TimeReceived`. */
      readonly select: Select;
      /** Those of the output table's columns that it makes, in the table's order, of its own types. */
      readonly columns: ColumnSchema[];
    }
  | { readonly ok: false; readonly diagnostics: Diagnostic[] };

export interface TransformOptions {
  /** The stream's columns; the transformation names it `source`. */
  readonly input: TableSchema;
  /** The table that the rows go into. */
  readonly output: TableSchema;
  readonly workspaceId: string;
  readonly now: bigint;
}

/** Operators that a transformation may use: those that keep a row a row. */
const transformOperators = new Set([
  'where',
  'filter',
  'extend',
  'project',
  'project-away',
  'project-keep',
  'project-rename',
  'project-reorder',
  'parse',
  'parse-where',
]);

/**
 * Compiles a data collection rule's `transformKql`. Columns that the output table lacks are left
 * out. A column's type may differ from the table's: who inserts casts it, strictly.
 */
export function compileTransform(text: string, options: TransformOptions): TransformResult {
  const diagnostics = new Diagnostics(text);
  const made = guarded(diagnostics, () => {
    const statements = parseQuery(text, operatorLookup, diagnostics);
    const binder = new Binder({
      tables: { get: () => undefined, names: () => [] },
      workspaceId: options.workspaceId,
      workspaceNames: [],
      now: options.now,
      timeRange: undefined,
      alongside: [],
      otherWorkspace: nowhere,
      ask: cannotAsk,
    });
    const environment = new Environment();
    const given = options.input.columns.map((each) => ({
      stored: each.name,
      column: binder.column(each.name, each.type),
      name: each.name,
    }));
    const ingestionTime = binder.column('_TimeReceived', 'datetime', false);
    const columns = [...given, { stored: '_TimeReceived', column: ingestionTime }];
    environment.set('source', {
      kind: 'made',
      make: () => relation({ kind: 'given', columns }, given, { ingestionTime }),
    });
    let result: Relation | undefined;
    for (const statement of statements) {
      if (statement.kind === 'query') {
        checkTransform(statement);
        result = binder.table(statement.value, { input: undefined, environment });
      } else
        bindStatement(binder, statement, environment, {
          tables: [],
          workspaceId: options.workspaceId,
          now: options.now,
          rowsMax: 0,
        });
    }
    if (diagnostics.hasErrors) return undefined;
    if (result === undefined)
      throw new KqlProblem('SYN0002', "A transformation begins with 'source'", {
        start: 0,
        end: text.length,
      });
    return { result, binder };
  });
  if (made === undefined || diagnostics.hasErrors)
    return { ok: false, diagnostics: diagnostics.all() };
  const lowered = guarded(diagnostics, () => {
    const span = { start: 0, end: text.length };
    const columns: ColumnSchema[] = [];
    const values = options.output.columns.flatMap((wanted) => {
      const found = made.result.columns.find((each) => each.name === wanted.name);
      if (found === undefined) return [];
      const value = handedOver(reference(found.column), wanted.type, span, made.binder);
      columns.push({ name: wanted.name, type: value.type });
      return [{ name: wanted.name, value }];
    });
    const extended = made.binder.extend(made.result, values);
    const lowering = new Lowering();
    return {
      select: lowering.given(
        extended.relation.plan,
        extended.columns,
        columns.map((each) => each.name),
      ),
      columns,
    };
  });
  if (lowered === undefined || diagnostics.hasErrors)
    return { ok: false, diagnostics: diagnostics.all() };
  return { ok: true, ...lowered };
}

const numbers: ReadonlySet<ScalarType> = new Set(['int', 'long', 'real', 'decimal']);

/**
 * A transformation's value on its way to a column of another type. A conversion here would make
 * null of what does not fit, and the row would lose it without a word: so it goes as it is, or as
 * its text, and the engine's strict cast decides.
 */
function handedOver(value: Bound, wanted: ScalarType, span: Span, binder: Binder): Bound {
  if (value.type === wanted || (numbers.has(value.type) && numbers.has(wanted))) return value;
  // A string becomes a JSON string there, whatever it holds.
  if (wanted === 'dynamic') {
    return value.type === 'string' ? value : convert(value, 'dynamic', span, binder);
  }
  return convert(value, 'string', span, binder);
}

function checkTransform(statement: Statement & { kind: 'query' }): void {
  const value = statement.value;
  const source = value.kind === 'pipeline' ? value.source : value;
  if (source.kind !== 'name' || source.name !== 'source') {
    throw new KqlProblem('SYN0002', "A transformation begins with 'source'", source.span);
  }
  for (const operator of value.kind === 'pipeline' ? value.operators : []) {
    if (!transformOperators.has(operator.operator)) {
      throw new KqlProblem(
        'KQL_NOT_SUPPORTED',
        `'${operator.operator}' is not allowed in a transformation`,
        operator.span,
        `Use ${[...transformOperators].join(', ')}.`,
      );
    }
  }
}
