import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compile } from '@strongroom/kql';
import type { ScalarType, TableSchema } from '@strongroom/sql';
import { repository } from '../support/service.js';
import type { Figure } from './figures.js';
import { median, percentile, spreadOf } from './figures.js';

/** Real queries and schemas lie beside the repository; they are not ours to keep in it. */
const shared = join(repository, '..', 'shared');

interface Corpus {
  readonly queries: readonly string[];
  readonly tables: readonly TableSchema[];
}

function corpus(): Corpus | undefined {
  const queries = join(shared, 'kql', 'realworld-queries.jsonl');
  const schemas = join(shared, 'schemas', 'tables.json');
  if (!existsSync(queries) || !existsSync(schemas)) return undefined;
  const parsed = JSON.parse(readFileSync(schemas, 'utf8')) as Record<
    string,
    { columns: { name: string; type: ScalarType }[] }
  >;
  return {
    queries: readFileSync(queries, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { query: string }).query),
    tables: Object.entries(parsed).map(([name, { columns }]) => ({
      name,
      columns: columns.map(({ name: column, type }) => ({ name: column, type })),
    })),
  };
}

const options = (tables: CompileTables) => ({
  tables,
  workspaceId: '6d0a4e2c-0000-4000-8000-000000000001',
  now: 639_000_000_000_000_000n,
  rowsMax: 30_000,
});
type CompileTables = Parameters<typeof compile>[1]['tables'];

/** `union *` and `search` without tables: their statement names every table there is. */
const overEverything = /\bunion\b[^|]*\*|(?:^|\n)\s*search\s/;

const firstQuery =
  'Syslog | where TimeGenerated > ago(1h) and SyslogMessage has "timeout" | summarize count() by Computer | top 10 by count_';
const syslog: TableSchema = {
  name: 'Syslog',
  columns: [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'Computer', type: 'string' },
    { name: 'SyslogMessage', type: 'string' },
  ],
};

/** Compiling alone: the real-world queries in one process, and the first query of a fresh one. */
export async function kql(
  add: (figure: Figure) => void,
  say: (line: string) => void,
): Promise<void> {
  const section = 'kql';
  const found = corpus();
  if (found === undefined) {
    add({
      section,
      what: 'compile of real-world queries: skipped, ../shared/kql is absent',
      unit: '',
      value: Number.NaN,
    });
  } else {
    say(`compiling ${found.queries.length} queries …`);
    const byName = new Map(found.tables.map((table) => [table.name, table]));
    const tables = { get: (name: string) => byName.get(name), names: () => byName.keys() };
    const p50: number[] = [];
    const p99: number[] = [];
    const p99Named: number[] = [];
    const everything: number[] = [];
    let compiled = 0;
    const heapBefore = process.memoryUsage().heapUsed;
    for (let run = 0; run < 3; run += 1) {
      const times: number[] = [];
      const named: number[] = [];
      compiled = 0;
      for (const query of found.queries) {
        const started = performance.now();
        const { ok } = compile(query, options(tables));
        const ms = performance.now() - started;
        times.push(ms);
        if (overEverything.test(query)) everything.push(ms);
        else named.push(ms);
        if (ok) compiled += 1;
      }
      p50.push(percentile(times, 0.5));
      p99.push(percentile(times, 0.99));
      p99Named.push(percentile(named, 0.99));
    }
    const note = `${found.queries.length} queries, ${compiled} compile`;
    const p50s = spreadOf(p50);
    const p99s = spreadOf(p99);
    add({
      section,
      what: 'compile p50',
      unit: 'ms',
      ...p50s,
      goal: '≤ 0.3 ms',
      met: p50s.value <= 0.3,
      note,
    });
    add({
      section,
      what: 'compile p99',
      unit: 'ms',
      ...p99s,
      goal: '≤ 5 ms',
      met: p99s.value <= 5,
      note: `with those that read every one of ${found.tables.length} tables`,
    });
    const namedSpread = spreadOf(p99Named);
    add({
      section,
      what: 'compile p99, queries that name their tables',
      unit: 'ms',
      ...namedSpread,
      goal: '≤ 5 ms',
      met: namedSpread.value <= 5,
    });
    add({
      section,
      what: `compile p50, over every one of ${found.tables.length} tables`,
      unit: 'ms',
      value: median(everything),
    });
    const grown = (process.memoryUsage().heapUsed - heapBefore) / 1_000_000;
    if (grown > 0)
      add({ section, what: 'heap grown by it, garbage included', unit: 'MB', value: grown });
  }
  say('first compile of a fresh process …');
  const run = promisify(execFile);
  const imports: number[] = [];
  const firsts: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    const { stdout } = await run(process.execPath, [fileURLToPath(import.meta.url), 'first']);
    const [imported, first] = JSON.parse(stdout) as [number, number];
    imports.push(imported);
    firsts.push(first);
  }
  add({
    section,
    what: 'first query of a fresh process',
    unit: 'ms',
    ...spreadOf(firsts),
    goal: '≤ 30 ms',
    met: median(firsts) <= 30,
    against: { what: 'to load the package', value: median(imports) },
  });
}

// A fresh process: only the package is loaded anew, so it is loaded here by name.
if (process.argv[2] === 'first' && process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  compile(firstQuery, options([syslog]));
  process.stdout.write(JSON.stringify([started, performance.now() - started]));
}
