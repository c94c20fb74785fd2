import { fromUtf8, isNotFound, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import type { SignedCheckpoint } from './checkpoint.js';
import { limits } from './limits.js';

/**
 * Earlier checkpoints, at most one a minute: `history/YYYY-MM-DD` holds records of a decimal length,
 * a newline, and that many bytes of signed note. A torn last record is cut off when the next is
 * written: the history is a convenience, and no promise rests on its tail.
 */
export class History {
  readonly #fs: Fs;
  readonly #directory: string;
  #lastTime: number;

  private constructor(options: { fs: Fs; directory: string }) {
    this.#fs = options.fs;
    this.#directory = options.directory;
    this.#lastTime = Number.NEGATIVE_INFINITY;
  }

  static async open(options: { fs: Fs; directory: string }): Promise<History> {
    await options.fs.makeDirectory(options.directory);
    return new History(options);
  }

  /** True before the first record. */
  async isEmpty(): Promise<boolean> {
    return (await readHistory(this.#fs, this.#directory)).length === 0;
  }

  /** Adds a checkpoint unless the last is younger than a minute. */
  async record(checkpoint: SignedCheckpoint): Promise<void> {
    if (checkpoint.time - this.#lastTime < limits.historyIntervalMs) return;
    const day = new Date(checkpoint.time).toISOString().slice(0, 10);
    const path = `${this.#directory}/${day}`;
    const exists = (await this.#fs.stat(path)) !== undefined;
    const file = await this.#fs.open(path, exists ? 'write' : 'create');
    try {
      const size = await file.size();
      const { end } = splitHistory(await file.read(0, size));
      const note = utf8(checkpoint.text);
      if (end < size) await file.truncate(end);
      await file.write(end, utf8(`${note.length}\n`), note);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!exists) await this.#fs.syncDirectory(this.#directory);
    this.#lastTime = checkpoint.time;
  }
}

/** The whole records of a history file, and where the last one ends. */
export function splitHistory(bytes: Uint8Array): { notes: string[]; end: number } {
  const notes: string[] = [];
  let at = 0;
  for (;;) {
    const newline = bytes.indexOf(10, at);
    // A length has at most six digits, because a note is at most 256 KiB.
    if (newline < 0 || newline - at > 6) return { notes, end: at };
    const digits = String.fromCharCode(...bytes.subarray(at, newline));
    const start = newline + 1;
    const end = start + Number(digits);
    if (!/^[1-9][0-9]*$/.test(digits) || end > bytes.length) return { notes, end: at };
    try {
      notes.push(fromUtf8(bytes.subarray(start, end)));
    } catch {
      return { notes, end: at };
    }
    at = end;
  }
}

/** All whole records of a ledger's history, oldest file first. */
export async function readHistory(
  fs: Fs,
  directory: string,
): Promise<{ path: string; text: string }[]> {
  let names: string[];
  try {
    names = await fs.list(directory);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
  const records: { path: string; text: string }[] = [];
  for (const name of names) {
    const path = `${directory}/${name}`;
    const { notes } = splitHistory(await fs.readFile(path));
    for (const text of notes) records.push({ path, text });
  }
  return records;
}
