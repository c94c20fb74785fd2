/**
 * Ten million rows in a workspace's engine, made once and kept in a directory: by the engine itself, so
 * with its tables, keys, indexes, partitions and encrypted disks.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultEngineLimits, openEngine } from '@strongroom/engine';
import type { Engine, TableDefinition } from '@strongroom/engine';
import { systemClock } from '@strongroom/platform';
import { blueskyColumns, blueskyRows } from './bluesky.js';
import { syslogColumns, syslogRows } from './data.js';

/** Days over which the syslog-like rows are spread, each a partition. */
export const expertDays = 7;
const dayMs = 86_400_000;
const epochTicks = 621_355_968_000_000_000n;
const batchBytes = 32 * 1024 * 1024;

export const expertTables = {
  logs: {
    name: 'Bench_CL',
    columns: syslogColumns,
    fullTextColumns: ['SyslogMessage'],
  },
  events: { name: 'Bsky_CL', columns: blueskyColumns },
} as const satisfies Record<string, TableDefinition>;

/** What a directory holds; written last, so a cut load is begun anew. */
interface Loaded {
  readonly rows: number;
  readonly events: number;
  /** The end of the rows' times, milliseconds since 1970. */
  readonly nowMs: number;
}

export const ticksOf = (ms: number): bigint => BigInt(Math.round(ms)) * 10_000n + epochTicks;

/** Opens the directory's engine, after filling it where it is not filled. */
export async function openLoaded(options: {
  directory: string;
  rows: number;
  say: (line: string) => void;
}): Promise<{ engine: Engine; loaded: Loaded }> {
  const { directory, rows, say } = options;
  await mkdir(directory, { recursive: true });
  const note = join(directory, 'loaded.json');
  const events = Math.ceil(rows / 5);
  const before = await readFile(note, 'utf8').then(
    (text) => JSON.parse(text) as Loaded,
    () => undefined,
  );
  if (before !== undefined && before.rows !== rows) {
    throw new Error(`${directory} holds ${before.rows} rows: give --rows ${before.rows}`);
  }
  const engine = await openEngine({
    directory: join(directory, 'engine'),
    // The rows are generated: the key only makes the disks what they are in a service.
    diskKeys: { current: 1, keys: { 1: Buffer.alloc(32, 7) } },
    limits: { ...defaultEngineLimits, serverMemoryBytes: 6 * 1024 ** 3 },
    clock: systemClock,
  });
  if (before !== undefined) return { engine, loaded: before };
  const nowMs = Math.floor(Date.now() / dayMs) * dayMs;
  const spanMs = expertDays * dayMs;
  for (const table of Object.values(expertTables)) await engine.dropTable(table.name);
  await fill({
    engine,
    say,
    table: expertTables.logs,
    rows,
    next: syslogRows({ seed: 'expert-1', rows, now: nowMs, spanMs }).next,
    arrivalOf: (share) => nowMs - spanMs * (1 - share) - 1,
  });
  // Events follow each other as fast as they did when JSONBench's were recorded.
  await fill({
    engine,
    say,
    table: expertTables.events,
    rows: events,
    next: blueskyRows({
      seed: 'expert-2',
      rows: events,
      shiftMs: nowMs - dayMs - 1_732_206_349_000,
    }).next,
    arrivalOf: () => nowMs - dayMs / 2,
  });
  const loaded = { rows, events, nowMs };
  await writeFile(note, JSON.stringify(loaded));
  return { engine, loaded };
}

async function fill(options: {
  engine: Engine;
  say: (line: string) => void;
  table: TableDefinition;
  rows: number;
  next: () => string | undefined;
  /** When the rows at this share of all arrived; a batch has one arrival day. */
  arrivalOf: (share: number) => number;
}): Promise<void> {
  const { engine, say, table, next } = options;
  say(`loading ${options.rows} rows into ${table.name} …`);
  let [done, position, size] = [0, 0n, 0];
  let lines: string[] = [];
  let inserting: Promise<unknown> = Promise.resolve();
  let day: number | undefined;
  const insert = async (): Promise<void> => {
    if (lines.length === 0 || day === undefined) return;
    const ndjson = Buffer.from(`${lines.join('\n')}\n`);
    const entry = {
      position,
      timeReceivedTicks: ticksOf((day + 0.5) * dayMs),
      ndjson,
      shape: 'ndjson' as const,
      rowCount: lines.length,
    };
    done += lines.length;
    lines = [];
    size = 0;
    // One inserts while the next batch is made.
    await inserting;
    inserting = engine.insert({
      range: { from: position, to: position + 1n },
      table,
      input: table.columns,
      entries: [entry],
    });
    position += 1n;
    if (position % 16n === 0n) say(`  ${done} rows`);
  };
  for (let line = next(), at = 0; line !== undefined; line = next(), at += 1) {
    const arrived = Math.floor(options.arrivalOf(at / options.rows) / dayMs);
    if (size >= batchBytes || (day !== undefined && arrived !== day)) await insert();
    day = arrived;
    lines.push(line);
    size += line.length + 1;
  }
  await insert();
  await inserting;
}
