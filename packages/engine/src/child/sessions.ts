/** Sessions of the one engine in this process. Each runs one call at a time. */

import { createRequire } from 'node:module';
import type * as Chdb from 'chdb';
import type { EngineFailure } from '../errors.js';
import type { WireStatement } from '../protocol.js';

const chdb = createRequire(import.meta.url)('chdb') as typeof Chdb;
export const { drainPending } = chdb;

export type Session = Chdb.Session;

export function openSession(path: string, configurationFile?: string): Session {
  return configurationFile === undefined
    ? new chdb.Session(path)
    : new chdb.Session(path, { connectionArgs: [`--config-file=${configurationFile}`] });
}

/**
 * Changes settings, at once: it takes some 0.3 ms, less than a thread of the pool needs to notice,
 * and nothing else may come between it and what it is for.
 */
export function set(session: Session, statement: WireStatement): void {
  session.query(statement.text, 'JSONCompactEachRow');
}

/** Runs a statement and gives its answer's bytes in JSONCompactEachRow. */
export async function run(session: Session, statement: WireStatement): Promise<Uint8Array> {
  bind(session, statement.parameters);
  const result = await session.queryAsync(statement.text, { format: 'JSONCompactEachRow' });
  return result.bytes();
}

/** {@link run}, and each row read. For small answers of our own. */
export async function runRows(session: Session, statement: WireStatement): Promise<unknown[][]> {
  const text = Buffer.from(await run(session, statement)).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown[]);
}

/**
 * Sets the values of a statement's placeholders in the session.
 *
 * Not through the binding's own parameters: those are process-wide, so that its promise calls wait
 * for one another and its streams would mix them up. `SET param_…` belongs to the session. The
 * value is read twice there, as a literal and as the text form of a value, so it is escaped twice.
 */
export function bind(session: Session, parameters: Readonly<Record<string, string>>): void {
  const names = Object.keys(parameters);
  if (names.length === 0) return;
  const assignments = names.map((name) => {
    if (!/^p[0-9]+$/.test(name)) throw new Error('not a name of a placeholder');
    return `param_${name} = '${escape(escape(parameters[name] ?? ''))}'`;
  });
  session.query(`SET ${assignments.join(', ')}`, 'JSONCompactEachRow');
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

// eslint-disable-next-line no-control-regex
const special = /[\\'\0\b\f\n\r\t]/g;

function escape(value: string): string {
  return value.replace(special, (each) => escapes[each] ?? each);
}

/** What may be known of an error outside this process: ClickHouse's number, never its text. */
export function failureOf(error: unknown): EngineFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = /\bCode: (\d+)\b/.exec(message);
  const system = /\berrno: (\d+)\b/.exec(message);
  return {
    engineCode: code === null ? 0 : Number(code[1]),
    ...(system?.[1] === '28' || /No space left on device/.test(message)
      ? { system: 'ENOSPC' }
      : {}),
  };
}
