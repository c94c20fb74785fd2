/** Runs the corpora of `../shared/kql` against the compiler and the engine. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Session } from 'chdb';
import { compileAsking, type CompiledQuery, type Inquiry } from '@strongroom/kql';
import {
  databaseName,
  print,
  statementBytesMax,
  storageType,
  systemColumns,
  type ColumnSchema,
  type ScalarType,
  type TableSchema,
} from '@strongroom/sql';
import { differingRows, type Cell } from './cells.js';
import { sampleTables } from './sample-tables.js';
import { faultyCases } from './faulty.js';

export interface Verdict {
  readonly id: string;
  readonly group: string;
  readonly outcome: 'pass' | 'fail' | 'out of scope';
  /** Why it failed, or what it needs that is out of scope. */
  readonly reason: string;
}

const here = dirname(fileURLToPath(import.meta.url));
/** `../shared` from the repository's root; this file runs from `tests/dist/conformance`. */
export const sharedDirectory = join(here, '..', '..', '..', '..', 'shared');

export function corporaArePresent(): boolean {
  return existsSync(join(sharedDirectory, 'kql', 'docs-cases.jsonl'));
}

interface DocsCase {
  readonly id: string;
  readonly query: string;
  readonly columns: readonly string[];
  readonly column_types?: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly ordered: boolean;
  readonly deterministic: boolean;
  readonly tier: 'A' | 'B' | 'C';
  readonly tags?: readonly string[];
  readonly approx?: unknown;
  readonly engine_specific?: unknown;
  readonly soft_nondet?: unknown;
  readonly unsupported_hint?: string;
  readonly truncated?: unknown;
  readonly doc_suspect?: unknown;
  readonly cell_issues?: unknown;
  readonly columns_match?: string;
  readonly open?: unknown;
  readonly result?: string;
}

interface RealQuery {
  readonly id: string;
  readonly query: string;
}

interface Binds {
  readonly binds: boolean;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly open?: unknown;
  readonly result?: string;
}

function lines<T>(file: string): T[] {
  return readFileSync(join(sharedDirectory, 'kql', file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** The texts of all three corpora. */
export function corpusQueries(): string[] {
  return ['realworld-queries.jsonl', 'docs-cases.jsonl', 'docs-compile-only.jsonl'].flatMap(
    (file) => lines<{ readonly query: string }>(file).map((each) => each.query),
  );
}

/** The standard tables. */
export function standardTables(): Map<string, TableSchema> {
  const parsed = JSON.parse(
    readFileSync(join(sharedDirectory, 'schemas', 'tables.json'), 'utf8'),
  ) as Record<string, { columns: { name: string; type: ScalarType }[] }>;
  return new Map(
    Object.entries(parsed).map(([name, each]) => [
      name,
      {
        name,
        columns: each.columns.map((column): ColumnSchema => ({
          name: column.name,
          type: column.type,
        })),
      },
    ]),
  );
}

/** Documented results that are not what the documented query gives, with what is wrong there. */
const faultyExamples: ReadonlyMap<string, string> = new Map([
  ['base64-decode-toguid-function#1', 'the bytes are those of 4c75, not of 754c'],
  ['convert-volume-function#1', 'the result is rounded'],
  ['exp-function#1', 'the result is rounded'],
  ['array-iff-function#3', "the condition shown is another example's"],
  ['join-innerunique#3', 'which row of a key is taken is left open'],
  ['join-innerunique#4', 'which row of a key is taken is left open'],
  ['range-operator#2', 'rows are left out'],
  ['series-fill-linear-function#1', '74 and 38 in the last column are slips of the pen'],
  ['replace-regex-function#1', 'a long is shown as a real'],
  ['replace-string-function#2', 'a long is shown as a real'],
  ['series-asin-function#1', 'numbers are shown as texts'],
  ['series-iir-function#1', 'rows are left out'],
  ['series-periods-validate-function#1', 'the score is rounded'],
  ['table-function#1', 'the count of a table that is not at hand'],
  ['table-function#2', 'the count of a table that is not at hand'],
  ['trim-start-function#3', 'blanks are left out'],
  ['functions-library/factorial-fl#1', '10! is 3628800'],
  ['geo-geohash-to-central-point-function#3', 'the text is shown as a link'],
]);

const workspaceId = '6d0a4e2c-0000-4000-8000-000000000001';

export class Corpora {
  private readonly directory = mkdtempSync(join(tmpdir(), 'kql-'));
  private readonly session = new Session(this.directory, {
    // As the engine package does: a search of every table is a long statement.
    connectionArgs: [`--max_query_size=${statementBytesMax}`],
  });
  private readonly created = new Set<string>();
  private readonly catalog = standardTables();
  private readonly now =
    BigInt(new Date('2026-11-01T12:00:00Z').getTime()) * 10_000n + 621_355_968_000_000_000n;

  constructor() {
    this.session.query(
      print({ kind: 'createDatabase', name: databaseName, ifNotExists: true }).text,
    );
    for (const table of sampleTables) this.catalog.set(table.name, table);
  }

  close(): void {
    this.session.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  compile(query: string) {
    const tables = {
      get: (name: string) => this.catalog.get(name),
      names: () => this.catalog.keys(),
    };
    const options = { tables, workspaceId, now: this.now, rowsMax: 100_000 };
    return compileAsking(query, options, (inquiry) => this.answer(inquiry));
  }

  /** The engine needs the tables that a query reads. */
  private create(names: readonly string[]): void {
    for (const name of names) {
      const schema = this.catalog.get(name);
      if (schema === undefined || this.created.has(name)) continue;
      this.created.add(name);
      const own = schema.columns
        .filter(
          (column) =>
            column.name !== 'TenantId' &&
            column.name !== 'Type' &&
            !Object.hasOwn(systemColumns, column.name),
        )
        .map((column) => ({
          name: column.name,
          type: column.name === 'TimeGenerated' ? 'Int64' : storageType[column.type],
        }));
      const system = Object.entries(systemColumns).map(([column, type]) => ({
        name: column,
        type,
      }));
      const statement = print({
        kind: 'createTable',
        table: { database: databaseName, name },
        ifNotExists: true,
        columns: [...own, ...system],
        engine: 'Memory',
      });
      this.session.query(statement.text);
    }
  }

  private async answer(of: Pick<Inquiry, 'tables' | 'statement'>): Promise<string> {
    this.create(of.tables);
    const { text, parameters } = of.statement;
    const result = await this.session.queryBindAsync(text, parameters, {
      format: 'JSONCompactEachRow',
    });
    return result.text();
  }

  async run(query: CompiledQuery): Promise<Cell[][]> {
    return (await this.answer(query))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Cell[]);
  }

  // ---- documented cases -----------------------------------------------------------------------

  async docs(only?: (id: string) => boolean): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const each of lines<DocsCase>('docs-cases.jsonl')) {
      if (only !== undefined && !only(each.id)) continue;
      verdicts.push(await this.docsCase(each));
    }
    return verdicts;
  }

  private async docsCase(each: DocsCase): Promise<Verdict> {
    const group = `docs ${each.tier}`;
    const verdict = (outcome: Verdict['outcome'], reason: string): Verdict => ({
      id: each.id,
      group,
      outcome,
      reason,
    });
    const compiled = await this.compile(each.query);
    if (!compiled.ok) {
      const first = compiled.diagnostics[0];
      const reason = `${first?.code} ${first?.message}`;
      if (each.unsupported_hint !== undefined)
        return verdict('out of scope', each.unsupported_hint);
      return verdict(each.tier === 'C' ? 'out of scope' : 'fail', reason);
    }
    const result = compiled.results.at(-1) as CompiledQuery;
    let rows: Cell[][];
    try {
      rows = await this.run(result);
    } catch (error) {
      return verdict('fail', `engine: ${String(error).slice(0, 500)}`);
    }
    if (each.tier === 'C') return verdict('out of scope', 'the case is marked as not usable');
    const faulty =
      each.doc_suspect !== undefined ||
      each.cell_issues !== undefined ||
      faultyExamples.has(each.id);
    if (each.columns_match === 'exact') {
      const names = result.columns.map((column) => column.name);
      if (names.join() !== each.columns.join())
        return verdict(
          faulty ? 'out of scope' : 'fail',
          `columns ${names.join()} instead of ${each.columns.join()}`,
        );
      // Of Microsoft's binder, in which plugins that ask the data have types of their own.
      const wanted = each.column_types ?? [];
      const got = result.columns.map((column) => column.type);
      const known = got.map((type, index) => (wanted[index] === 'unknown' ? 'unknown' : type));
      if (wanted.length === got.length && each.open === undefined && known.join() !== wanted.join())
        return verdict(
          faulty ? 'out of scope' : 'fail',
          `types ${got.join()} instead of ${wanted.join()}`,
        );
    }
    if (
      !each.deterministic ||
      each.engine_specific !== undefined ||
      each.soft_nondet !== undefined
    ) {
      return verdict('pass', 'columns only');
    }
    const types = result.columns.map((column) => column.type);
    const reason = differingRows(each.rows, rows, types, {
      ordered: each.ordered,
      truncated: each.truncated !== undefined,
      tolerance: each.approx === undefined ? 1e-9 : 0.05,
    });
    if (reason === undefined) return verdict('pass', '');
    const fault = faultyExamples.get(each.id);
    return verdict(faulty ? 'out of scope' : 'fail', fault ?? reason);
  }

  // ---- documented queries over tables that are not at hand -------------------------------------

  async compileOnly(): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const each of lines<{ id: string; query: string; columns: string[] }>(
      'docs-compile-only.jsonl',
    )) {
      const group = 'compile only';
      const compiled = await this.compile(each.query);
      if (!compiled.ok) {
        const first = compiled.diagnostics[0];
        const missing = compiled.diagnostics.some((one) =>
          /is not a known table|does not refer to any known/.test(one.message),
        );
        const beyond =
          first?.code === 'KQL_NOT_SUPPORTED' &&
          /^(?:graph|stored_query_result)\(\)/.test(first.message);
        verdicts.push({
          id: each.id,
          group,
          outcome: missing || beyond ? 'out of scope' : 'fail',
          reason: `${first?.code} ${first?.message}`,
        });
        continue;
      }
      const names = compiled.results
        .flatMap((result) => result.columns.map((column) => column.name))
        .join();
      try {
        for (const result of compiled.results) await this.run(result);
        // The reference shows some of the columns only, and not always in the case of the query.
        const known = new Set(names.toLowerCase().split(','));
        const same = each.columns.every(
          (column) => column === '...' || known.has(column.toLowerCase()),
        );
        const fault = same ? undefined : faultyCases.get(each.id);
        verdicts.push({
          id: each.id,
          group,
          outcome: same ? 'pass' : fault === undefined ? 'fail' : 'out of scope',
          reason: same ? '' : (fault ?? `columns ${names} instead of ${each.columns.join()}`),
        });
      } catch (error) {
        verdicts.push({
          id: each.id,
          group,
          outcome: 'fail',
          reason: `engine: ${String(error).slice(0, 500)}`,
        });
      }
    }
    return verdicts;
  }

  // ---- real queries ------------------------------------------------------------------------------

  async realWorld(only?: (index: number) => boolean): Promise<Verdict[]> {
    const binds = JSON.parse(
      readFileSync(join(sharedDirectory, 'kql', 'realworld-binds.json'), 'utf8'),
    ) as Record<string, Binds>;
    const verdicts: Verdict[] = [];
    for (const [index, each] of lines<RealQuery>('realworld-queries.jsonl').entries()) {
      if (only !== undefined && !only(index)) continue;
      const oracle = binds[each.id];
      if (oracle?.binds !== true || oracle.result === 'none') continue;
      verdicts.push(await this.realQuery(each, oracle));
    }
    return verdicts;
  }

  private async realQuery(each: RealQuery, oracle: Binds): Promise<Verdict> {
    const group = 'real world';
    const verdict = (outcome: Verdict['outcome'], reason: string): Verdict => ({
      id: each.id,
      group,
      outcome,
      reason,
    });
    const compiled = await this.compile(each.query);
    if (!compiled.ok) {
      const unsupported = compiled.diagnostics.find((one) => one.code === 'KQL_NOT_SUPPORTED');
      if (
        unsupported !== undefined &&
        /externaldata|geo_info_from_ip_address/.test(unsupported.message)
      ) {
        return verdict('out of scope', unsupported.message);
      }
      const first = compiled.diagnostics[0];
      return verdict('fail', `${first?.code} ${first?.message} (line ${first?.line})`);
    }
    const result = compiled.results.at(-1) as CompiledQuery;
    if (oracle.open === undefined && oracle.result !== 'none') {
      const ours = result.columns.map((column) => `${column.name}:${column.type}`);
      const theirs = oracle.columns.map((column) => `${column.name}:${column.type}`);
      if (ours.join() !== theirs.join()) {
        const extra = ours.filter((one) => !theirs.includes(one));
        const missing = theirs.filter((one) => !ours.includes(one));
        return verdict(
          'fail',
          `columns differ: ours only [${extra.join()}], oracle only [${missing.join()}]${extra.length + missing.length === 0 ? ` order ${ours.join()} | ${theirs.join()}` : ''}`.slice(
            0,
            400,
          ),
        );
      }
    }
    try {
      await this.run(result);
    } catch (error) {
      return verdict('fail', `engine: ${String(error).slice(0, 500)}`);
    }
    return verdict('pass', '');
  }
}
