import { concatBytes, fromUtf8, isNotFound, toHex, utf8 } from '@strongroom/base';
import type { Fs, Sha256 } from '@strongroom/base';
import type { SignedCheckpoint } from './checkpoint.js';
import { limits } from './limits.js';

/**
 * Earlier checkpoints, at most one in ten minutes: `history/YYYY-MM-DD` holds records of
 * `<length> <first 8 hex digits of the note's SHA-256>`, a newline, and that many bytes of signed
 * note. A torn last record is cut off when the next is written: no promise rests on it.
 */
export class History {
  readonly #fs: Fs;
  readonly #sha256: Sha256;
  readonly #directory: string;
  #lastTime = Number.NEGATIVE_INFINITY;

  private constructor(options: { fs: Fs; sha256: Sha256; directory: string }) {
    this.#fs = options.fs;
    this.#sha256 = options.sha256;
    this.#directory = options.directory;
  }

  static async open(options: { fs: Fs; sha256: Sha256; directory: string }): Promise<History> {
    await options.fs.makeDirectory(options.directory);
    return new History(options);
  }

  /** True before the first record, which follows the first checkpoint. */
  async isEmpty(): Promise<boolean> {
    return (await this.#fs.list(this.#directory)).length === 0;
  }

  /** Adds a checkpoint unless the last is younger than the interval. */
  async record(checkpoint: SignedCheckpoint): Promise<void> {
    if (checkpoint.time - this.#lastTime < limits.historyIntervalMs) return;
    const day = new Date(checkpoint.time).toISOString().slice(0, 10);
    const path = `${this.#directory}/${day}`;
    const exists = (await this.#fs.stat(path)) !== undefined;
    const file = await this.#fs.open(path, exists ? 'write' : 'create');
    try {
      const size = await file.size();
      const { end } = splitHistory(this.#sha256, await file.read(0, size));
      const note = utf8(checkpoint.text);
      if (end < size) await file.truncate(end);
      await file.write(end, historyRecord(this.#sha256, note));
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.syncDirectory(this.#directory);
    this.#lastTime = checkpoint.time;
  }
}

/** One record: length and sum, a newline, the note. */
export const historyRecord = (sha256: Sha256, note: Uint8Array): Uint8Array =>
  concatBytes(utf8(`${note.length} ${sumOf(sha256, note)}\n`), note);

const sumOf = (sha256: Sha256, note: Uint8Array): string => toHex(sha256(note).subarray(0, 4));

/** The whole records of a history file, and where the last one ends. */
export function splitHistory(sha256: Sha256, bytes: Uint8Array): { notes: string[]; end: number } {
  const notes: string[] = [];
  let at = 0;
  for (;;) {
    const newline = bytes.indexOf(10, at);
    // A length has at most six digits, because a note is at most 256 KiB.
    if (newline < 0 || newline - at > 15) return { notes, end: at };
    const head = String.fromCharCode(...bytes.subarray(at, newline));
    const match = /^([1-9][0-9]{0,5}) ([0-9a-f]{8})$/.exec(head);
    const start = newline + 1;
    const end = start + Number(match?.[1]);
    if (match === null || end > bytes.length) return { notes, end: at };
    const note = bytes.subarray(start, end);
    if (sumOf(sha256, note) !== match[2]) return { notes, end: at };
    try {
      notes.push(fromUtf8(note));
    } catch {
      return { notes, end: at };
    }
    at = end;
  }
}

/** All whole records of a ledger's history, oldest file first. */
export async function readHistory(options: {
  fs: Fs;
  sha256: Sha256;
  directory: string;
}): Promise<{ path: string; text: string }[]> {
  const { fs, sha256, directory } = options;
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
    const { notes } = splitHistory(sha256, await fs.readFile(path));
    for (const text of notes) records.push({ path, text });
  }
  return records;
}

/** Where a history file ends in something that is no whole record: a crash in its writing, or damage. */
export async function tornHistory(options: {
  fs: Fs;
  sha256: Sha256;
  directory: string;
}): Promise<{ path: string; offset: number; bytes: number }[]> {
  const { fs, sha256, directory } = options;
  const torn: { path: string; offset: number; bytes: number }[] = [];
  for (const name of await fs.list(directory)) {
    const path = `${directory}/${name}`;
    const content = await fs.readFile(path);
    const { end } = splitHistory(sha256, content);
    if (end < content.length) torn.push({ path, offset: end, bytes: content.length - end });
  }
  return torn;
}
