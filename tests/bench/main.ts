/** `npm run bench`: what the service does, each figure beside its limit. See docs/bench.md. */

import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { agent } from './agent.js';
import { Bench } from './bench.js';
import { expert } from './expert.js';
import { printFigures } from './figures.js';
import type { Figure } from './figures.js';
import { journalOnDisk, memory, memoryAfterStart } from './footprint.js';
import { acknowledgement, ingest, queryableLatency } from './ingest.js';
import { jsonbench } from './jsonbench.js';
import { kql } from './kql.js';
import { disk, queries } from './query.js';
import { start } from './start.js';

/** In the order in which they run: each leaves the service as the next one wants it. */
const sections = [
  'kql',
  'start',
  'ingest',
  'ack',
  'queryable',
  'query',
  'queries',
  'disk',
  'jsonbench',
  'agent',
  'memory',
] as const;
type Section = (typeof sections)[number];

/** Runs only where it is named: its ten million rows take minutes to load. */
const onlyByName: Section = 'queries';

const help = `npm run bench [-- SECTION… --json FILE --rows N --data DIR --only WORDS]

  SECTION      ${sections.join(', ')} (default: all but ${onlyByName})
  --json FILE  the figures for machines as well
  --rows N     rows of the syslog-like set (default 1,000,000; of queries 10,000,000)
  --data DIR   queries: keeps its rows here, and finds them here the next time
  --only WORDS queries: only those whose name holds the words
`;

interface Arguments {
  readonly wanted: ReadonlySet<Section>;
  readonly json?: string;
  readonly rows: number;
  readonly queryRows: number;
  readonly data: string | undefined;
  readonly only: string | undefined;
}

function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      rows: { type: 'string' },
      data: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(help);
    process.exit(0);
  }
  const known = (name: string): name is Section => sections.some((each) => each === name);
  for (const name of positionals) {
    if (!known(name)) throw new Error(`There is no section ${name}.\n${help}`);
  }
  const rows = Number(values.rows ?? '1000000');
  if (!Number.isSafeInteger(rows) || rows < 1000) throw new Error('--rows must be at least 1000');
  const wanted =
    positionals.length === 0
      ? sections.filter((name) => name !== onlyByName)
      : positionals.filter(known);
  return {
    wanted: new Set(wanted),
    rows,
    queryRows: values.rows === undefined ? 10_000_000 : rows,
    data: values.data,
    only: values.only,
    ...(values.json === undefined ? {} : { json: values.json }),
  };
}

async function run(): Promise<void> {
  const { wanted, json, rows, queryRows, data, only } = readArguments();
  const started = performance.now();
  const say = (line: string): void => {
    process.stderr.write(
      `  ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}\n`,
    );
  };
  const figures: Figure[] = [];
  const loadBefore = loadavg()[0] ?? 0;
  if (wanted.has('kql')) await kql((figure) => figures.push(figure), say);
  if (wanted.has('start')) await start((figure) => figures.push(figure), say);
  if (wanted.has(onlyByName)) {
    const add = (figure: Figure): void => void figures.push(figure);
    await expert({ rows: queryRows, data, only, add, say });
  }
  const alone: readonly Section[] = ['kql', 'start', onlyByName];
  if ([...wanted].some((name) => !alone.includes(name))) {
    say('starting a service …');
    const fillsTwin = wanted.has('query') || wanted.has('disk');
    const bench = await Bench.open({ rows, say, fillsTwin });
    try {
      if (wanted.has('memory')) await memoryAfterStart(bench);
      if (wanted.has('ingest')) await ingest(bench);
      if (wanted.has('ack')) await acknowledgement(bench);
      if (wanted.has('queryable')) await queryableLatency(bench);
      if (wanted.has('query')) await queries(bench);
      if (wanted.has('disk')) {
        await disk(bench);
        await journalOnDisk(bench);
      }
      if (wanted.has('jsonbench')) await jsonbench(bench);
      if (wanted.has('agent')) await agent(bench);
      if (wanted.has('memory')) await memory(bench);
    } finally {
      figures.push(...bench.figures);
      await bench.close();
    }
  }
  const order = new Map<string, number>(sections.map((name, at) => [name, at]));
  figures.sort((a, b) => (order.get(a.section) ?? 0) - (order.get(b.section) ?? 0));
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    loadBefore,
  };
  process.stdout.write(
    `\n${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}, load before ${machine.loadBefore.toFixed(2)}, ${((performance.now() - started) / 1000).toFixed(0)} s\n\n${printFigures(figures)}\n`,
  );
  if (json !== undefined) {
    writeFileSync(
      json,
      `${JSON.stringify({ at: new Date().toISOString(), machine, rows, figures }, null, 2)}\n`,
    );
  }
}

try {
  await run();
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
}
