import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '@strongroom/engine';
import { compile, resultSettings } from '@strongroom/kql';
import type { Statement } from '@strongroom/sql';
import { expertTables, openLoaded, ticksOf } from './expert-data.js';
import { expertQuestions } from './expert-questions.js';
import type { ExpertQuestion } from './expert-questions.js';
import type { Figure } from './figures.js';
import { median } from './figures.js';
import { cpuSecondsOf } from './processes.js';

const maxSeconds = 120;
const maxMemoryBytes = 4 * 1024 ** 3;
/** Rounds, and so long that a question may take in all beyond its first three. */
const roundsMax = 11;
const questionMs = 6_000;

export interface ExpertOptions {
  readonly rows: number;
  /** Kept, and filled where it is not filled yet; without it a directory is made and removed. */
  readonly data: string | undefined;
  /** Only questions whose name holds it. */
  readonly only: string | undefined;
  readonly add: (figure: Figure) => void;
  readonly say: (line: string) => void;
}

interface Answer {
  readonly rows: readonly unknown[][];
  /** From the text to the last row here. */
  readonly wholeMs: number;
  readonly compileMs: number;
  /** In the engine's process alone. */
  readonly engineMs: number;
}

/**
 * KQL, compiled and run, against the same question by hand in SQL, in the same engine on the same rows,
 * in turn. Of ours all is counted: compiling, the way to the engine's process, every row back. Of the
 * other only its time within that process.
 */
export async function expert(options: ExpertOptions): Promise<void> {
  const { add, say } = options;
  const directory = options.data ?? (await mkdtemp(join(tmpdir(), 'strongroom-expert-')));
  try {
    const { engine, loaded } = await openLoaded({ directory, rows: options.rows, say });
    try {
      let within = 0;
      const questions = expertQuestions(loaded.nowMs).filter(
        ({ name }) => options.only === undefined || name.includes(options.only),
      );
      for (const question of questions) {
        say(question.name);
        const figure = await compare(engine, question, loaded.nowMs);
        if (figure.met === true) within += 1;
        add(figure);
      }
      add({
        section: 'queries',
        what: 'queries within the goal',
        unit: `of ${questions.length}`,
        value: within,
        goal: '≥ 20',
        met: within >= 20,
        note: `${loaded.rows} rows and ${loaded.events} events, ordered by time, a partition a day of arrival`,
      });
    } finally {
      await engine.close();
    }
  } finally {
    if (options.data === undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function compare(engine: Engine, question: ExpertQuestion, nowMs: number): Promise<Figure> {
  const ask = (): Promise<Answer> => askKql(engine, question.kql, nowMs);
  const byHand = (): Promise<Answer> => run(engine, handWritten(question.sql));
  const [ours, theirs] = [await ask(), await byHand()];
  alike(question, ours, theirs);
  const rounds: { ours: Answer; theirs: Answer }[] = [];
  // Wall time on a busy machine says little: what the engine's process itself used is told beside it.
  const used = { ours: 0, theirs: 0 };
  const counted = async (side: keyof typeof used, work: () => Promise<Answer>): Promise<Answer> => {
    const before = await cpuSecondsOf(engine.pid ?? 0);
    const answer = await work();
    used[side] += (await cpuSecondsOf(engine.pid ?? 0)) - before;
    return answer;
  };
  const started = performance.now();
  while (rounds.length < roundsMax) {
    if (rounds.length >= 3 && performance.now() - started > questionMs) break;
    // In turn, and each first as often as the other: what runs second finds warmer caches.
    const first = rounds.length % 2 === 0 ? await counted('ours', ask) : undefined;
    const hand = await counted('theirs', byHand);
    rounds.push({ ours: first ?? (await counted('ours', ask)), theirs: hand });
  }
  const whole = rounds.map((round) => round.ours.wholeMs);
  const value = median(whole);
  const reference = median(rounds.map((round) => round.theirs.engineMs));
  const inEngine = median(rounds.map((round) => round.ours.engineMs));
  const compiling = median(rounds.map((round) => round.ours.compileMs));
  const share = (seconds: number): string => ((seconds * 1000) / rounds.length).toFixed(0);
  return {
    section: 'queries',
    what: question.name,
    unit: 'ms',
    value,
    spread: [Math.min(...whole), Math.max(...whole)],
    against: { what: 'SQL by hand, in the engine', value: reference },
    ratio: value / reference,
    goal: '≤ 1.1x + 3 ms',
    met: value <= reference * 1.1 + 3,
    note: `${signed(value - reference)} ms; compiled in ${compiling.toFixed(1)}, engine ${inEngine.toFixed(1)}, its processor time ${share(used.ours)} : ${share(used.theirs)}${question.why === undefined ? '' : `; ${question.why}`}`,
  };
}

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(1)}`;

/** A statement that no printer made: the reference that the compiler is measured by. */
const handWritten = (text: string): Statement =>
  ({
    text: `${text} SETTINGS date_time_output_format = 'iso'`,
    parameters: {},
    settings: { ...resultSettings, date_time_output_format: 'iso' },
  }) as unknown as Statement;

async function askKql(engine: Engine, kql: string, nowMs: number): Promise<Answer> {
  const started = performance.now();
  const stored = engine.storedTables;
  const compiled = compile(kql, {
    tables: Object.values(expertTables).map((table) => ({
      ...table,
      fullTextColumns: stored.get(table.name)?.fullTextColumns ?? [],
    })),
    workspaceId: '6d0a4e2c-0000-4000-8000-000000000001',
    now: ticksOf(nowMs),
    rowsMax: 30_000,
  });
  assert.ok(compiled.ok, compiled.ok ? '' : JSON.stringify(compiled.diagnostics));
  const compileMs = performance.now() - started;
  const [result] = compiled.results;
  assert.ok(result !== undefined);
  const answer = await run(engine, result.statement);
  return { ...answer, compileMs, wholeMs: compileMs + answer.wholeMs };
}

let asked = 0;

async function run(engine: Engine, statement: Statement): Promise<Answer> {
  const started = performance.now();
  asked += 1;
  const query = engine.query(statement, {
    maxSeconds,
    maxMemoryBytes,
    queryId: `expert-${asked}`,
    settings: resultSettings,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of query) chunks.push(chunk);
  const wholeMs = performance.now() - started;
  const rows = Buffer.concat(chunks)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown[]);
  return { rows, wholeMs, compileMs: 0, engineMs: query.statistics.elapsedMs };
}

/** Fails where the two ways do not answer alike. */
function alike(question: ExpertQuestion, ours: Answer, theirs: Answer): void {
  assert.equal(ours.rows.length, theirs.rows.length, `${question.name}: as many rows by hand`);
  if (question.alike === 'count') return;
  const texts = ({ rows }: Answer): string[] =>
    rows.map((row) => JSON.stringify(row.map(plain))).sort();
  assert.deepEqual(texts(ours), texts(theirs), question.name);
}

/** A cell without what is only its form: decimals of a second, a dynamic's being text. */
function plain(cell: unknown): unknown {
  if (typeof cell !== 'string') return cell;
  const time = /^(\d{4}-\d\d-\d\dT[\d:]{8})(?:\.(\d*?)0*)?Z$/.exec(cell);
  if (time !== null) return `${time[1]}.${time[2] ?? ''}Z`;
  return cell.startsWith('[') ? (JSON.parse(cell) as unknown) : cell;
}
