/**
 * Inserts, one after the other: rows in, one part out, synced, counted.
 *
 * The answer is given when the part and the names that lead to it survive power loss. ClickHouse
 * syncs a part's files (`fsync_after_insert`) but on encrypted disks not its directories, so this
 * does.
 */

import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { InsertCounts, InsertRequest, WireStatement } from '../protocol.js';
import { ReceivedRows } from './arrow.js';
import type { Session } from './sessions.js';
import { run, runRows } from './sessions.js';

const rowsName = '_received';
const linesName = '_received_lines';

/** A part as `system.parts` shows it. */
interface Part {
  readonly table: string;
  readonly name: string;
  readonly path: string;
  readonly rows: number;
  readonly level: number;
  readonly maxBlock: number;
}

export class TooManyRows extends Error {}

export class Inserter {
  readonly #session: Session;
  /** Greatest block number seen in a table: what is above it was inserted since. */
  readonly #maxBlocks = new Map<string, number>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Forgets what is known of a table that was dropped. */
  forget(table: string): void {
    this.#maxBlocks.delete(table);
  }

  async insert(request: InsertRequest, payload: Buffer): Promise<InsertCounts> {
    const rows = new ReceivedRows(payload, request.entries, request.rowsMax);
    if (rows.length > request.rowsMax) throw new TooManyRows('too many rows');
    if (rows.length === 0) return { received: 0, stored: 0, deadLettered: 0 };

    const store = (statement: WireStatement, names: readonly string[]): Promise<unknown> =>
      rows.during(this.#session, names, () => run(this.#session, statement));

    const stored = await this.#once({
      table: request.table,
      parts: request.parts,
      found: request.found,
      expectedMax: rows.length,
      store: () => store(request.store, [rowsName]),
      again: () => store(request.storeAgain, [rowsName]),
    });
    if (stored === rows.length) return { received: rows.length, stored, deadLettered: 0 };

    // Fewer than came: some were filtered, or do not fit.
    for (const step of request.deadLetters) {
      const names = step.readsLinesToo ? [rowsName, linesName] : [rowsName];
      await store(step.statement, names);
    }
    let found = await runRows(this.#session, request.foundDeadLetters);
    if (request.deadLetters.length > 0 && count(found) === 0) {
      // Either there are none, or ClickHouse knows the token of rows that were deleted since.
      for (const step of request.deadLetters) {
        await store(step.again, step.readsLinesToo ? [rowsName, linesName] : [rowsName]);
      }
      found = await runRows(this.#session, request.foundDeadLetters);
    }
    const names = new Set(found.map((row) => String(row[0])));
    const parts = await this.#parts(request.parts);
    await syncParts(parts.filter((part) => part.table !== request.table && names.has(part.name)));
    return { received: rows.length, stored, deadLettered: count(found) };
  }

  /** Inserts where the range is not there yet. Resolves with its rows in the table, synced. */
  async #once(step: {
    table: string;
    parts: WireStatement;
    found: WireStatement;
    expectedMax: number;
    store: () => Promise<unknown>;
    again: () => Promise<unknown>;
  }): Promise<number> {
    const known =
      this.#maxBlocks.get(step.table) ?? greatest(await this.#parts(step.parts), step.table);
    await step.store();
    let parts = await this.#parts(step.parts);
    const fresh = parts.filter((part) => part.table === step.table && part.maxBlock > known);
    this.#maxBlocks.set(step.table, greatest(parts, step.table, known));
    const [only] = fresh;
    if (only !== undefined && fresh.length === 1 && only.level === 0) {
      await syncParts(fresh);
      return only.rows;
    }
    // No part of its own: nothing fitted, or the token was known, or a merge was faster.
    let found = await runRows(this.#session, step.found);
    if (count(found) === 0) {
      await step.again();
      found = await runRows(this.#session, step.found);
      parts = await this.#parts(step.parts);
    }
    const names = new Set(found.map((row) => String(row[0])));
    await syncParts(parts.filter((part) => part.table === step.table && names.has(part.name)));
    this.#maxBlocks.set(step.table, greatest(parts, step.table, known));
    return count(found);
  }

  async #parts(statement: WireStatement): Promise<Part[]> {
    return (await runRows(this.#session, statement)).map((row) => ({
      table: String(row[0]),
      name: String(row[1]),
      path: String(row[2]),
      rows: Number(row[3]),
      level: Number(row[4]),
      maxBlock: Number(row[5]),
    }));
  }
}

const count = (found: readonly unknown[][]): number =>
  found.reduce((sum, row) => sum + Number(row[1]), 0);

function greatest(parts: readonly Part[], table: string, least = -1): number {
  let max = least;
  for (const part of parts) if (part.table === table && part.maxBlock > max) max = part.maxBlock;
  return max;
}

/** Syncs the parts' directories and the tables' directories that name them. */
async function syncParts(parts: readonly Part[]): Promise<void> {
  const directories = new Set<string>();
  for (const part of parts) {
    const path = part.path.replace(/\/$/, '');
    directories.add(path).add(dirname(path));
  }
  for (const directory of directories) {
    let handle;
    try {
      handle = await open(directory, 'r');
    } catch (error) {
      // A merge has replaced the part since; what replaced it is synced by its own rule.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
      throw error;
    }
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
