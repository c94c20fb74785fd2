import { dirname } from 'node:path';
import { invariant } from '@strongroom/base';
import type { Clock, Fs, FsFile, FsStat, Sha256 } from '@strongroom/base';
import { toHex } from '@strongroom/base';
import type { Batcher, Position } from '../batch.js';
import { codeOf } from '../errors.js';
import type { Health } from '../health.js';
import { limits } from '../limits.js';
import { findFiles, globMatches } from './glob.js';
import type { Glob } from './glob.js';
import { LineReader } from './line-reader.js';

/** Files of one kind and where their lines go. */
export interface TailSource {
  readonly globs: readonly Glob[];
  readonly sink: Batcher;
  /** A row for a line; `undefined` where the line is none of ours. */
  readonly toRow: (line: string, path: string, nowMs: number) => string | undefined;
  /**
   * Rows for whole lines at once, each with its line end, where that can be done and gives the same
   * as {@link toRow} for each line; else `undefined`.
   */
  readonly toRows?: (
    lines: Buffer,
    path: string,
    nowMs: number,
  ) => { readonly rows: string; readonly rowCount: number } | undefined;
}

/**
 * Where a file has been read to, as it is kept with the batch: path, offset, length and hash of the
 * first bytes, and 1 inside a cut line.
 */
export type FilePosition = readonly [
  path: string,
  offset: number,
  fingerprintBytes: number,
  fingerprint: string,
  skipping: number,
];

/** The key of a file among all positions. */
export const fileKey = (identity: string): string => `file:${identity}`;
const keyPrefix = 'file:';

/** Reads a kept position; `undefined` where it is none. */
export function filePosition(position: Position | undefined): FilePosition | undefined {
  if (position === undefined || typeof position === 'string' || position.length !== 5) {
    return undefined;
  }
  const [path, offset, size, hash, skipping] = position;
  const sound =
    typeof path === 'string' &&
    typeof hash === 'string' &&
    [offset, size, skipping].every(
      (n) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0,
    );
  return sound ? (position as FilePosition) : undefined;
}

/** A file that is being followed. Its identity is device and inode, never its name. */
interface TailedFile {
  readonly identity: string;
  readonly source: TailSource;
  path: string;
  offset: number;
  fingerprintBytes: number;
  fingerprint: string;
  readonly reader: LineReader;
  handle: FsFile | undefined;
  /** Size and time at the last look; where they did not change, nothing is read. */
  seenSize: number;
  seenModifiedMs: number;
  /**
   * True once the file was looked at again with that size and time. File systems keep time in ticks
   * of some milliseconds, so a file rewritten in the tick of the first look has the same time.
   */
  settled: boolean;
  /** True where there may be something to read. */
  changed: boolean;
  /** Set when no pattern names the file any more: it was rotated away or removed. */
  lostAt: number | undefined;
  /** Order of use, for closing the handle that was idle longest. */
  usedAt: number;
}

/**
 * Follows files by identity, through rotation by rename, copying and truncation.
 *
 * A position never runs ahead of the rows that it covers: it is marked in the same batch. So after
 * any crash a line is read again only where its batch was not durable.
 */
export class Tailer {
  readonly #fs: Fs;
  readonly #clock: Clock;
  readonly #sha256: Sha256;
  readonly #health: Health;
  readonly #positions: Map<string, Position>;
  #sources: readonly TailSource[];
  #nextSources: readonly TailSource[] | undefined;
  readonly #files = new Map<string, TailedFile>();
  /** True until the first scan is over: files found in it may have a long history. */
  #first: boolean;
  #scans = 0;

  constructor(options: {
    fs: Fs;
    clock: Clock;
    sha256: Sha256;
    health: Health;
    sources: readonly TailSource[];
    /** Where earlier runs had read to. */
    positions: ReadonlyMap<string, Position>;
    /** True at the first start of an agent: only the end of long files is read then. */
    firstStart: boolean;
  }) {
    this.#fs = options.fs;
    this.#clock = options.clock;
    this.#sha256 = options.sha256;
    this.#health = options.health;
    this.#sources = options.sources;
    this.#positions = new Map(options.positions);
    this.#first = options.firstStart;
  }

  /** Files being followed. */
  get fileCount(): number {
    return this.#files.size;
  }

  /** Takes other patterns at the next scan; files that none of them names are read to their end. */
  setSources(sources: readonly TailSource[]): void {
    this.#nextSources = sources;
  }

  async #takeSources(): Promise<void> {
    if (this.#nextSources === undefined) return;
    this.#sources = this.#nextSources;
    this.#nextSources = undefined;
    // Each file is found again by its new source, at the offset it has now.
    for (const file of this.#files.values()) {
      this.#positions.set(fileKey(file.identity), this.#positionOf(file));
      await this.#close(file);
    }
    this.#files.clear();
  }

  /** Follows until `signal` is aborted. Rejects where rows cannot be made durable. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const before = this.#clock.monotonicMs();
        await this.#scan();
        const scanMs = this.#clock.monotonicMs() - before;
        while (!signal.aborted && (await this.#readAll(signal)));
        // Looking for files never takes more than a twentieth of the time.
        await this.#clock
          .sleep(Math.max(limits.pollMs, 20 * scanMs), signal)
          .catch(() => undefined);
      }
    } finally {
      await this.close();
    }
  }

  /** Lets go of the open files. */
  async close(): Promise<void> {
    for (const file of this.#files.values()) await this.#close(file);
  }

  /** One scan and everything there is to read. For tests, and `run` made of it. */
  async pollOnce(signal: AbortSignal): Promise<void> {
    await this.#scan();
    while (!signal.aborted && (await this.#readAll(signal)));
  }

  async #scan(): Promise<void> {
    this.#scans += 1;
    await this.#takeSources();
    const found = new Set<string>();
    let left: number = limits.filesMax;
    for (const source of this.#sources) {
      for (const glob of source.globs) {
        const result = await findFiles(this.#fs, glob);
        for (const { path, code } of result.unreadable) {
          this.#health.reportOnce('files unreadable', path, code);
        }
        if (result.cut)
          this.#health.reportOnce('files not followed', glob.pattern, 'too many files');
        for (const { path, stat } of result.files) {
          // The first source that names a file has it.
          if (found.has(stat.identity)) continue;
          if (left === 0) {
            this.#health.reportOnce('files not followed', glob.pattern, 'too many files');
            break;
          }
          left -= 1;
          found.add(stat.identity);
          const file = this.#files.get(stat.identity) ?? (await this.#start(source, path, stat));
          if (file === undefined) continue;
          file.path = path;
          file.lostAt = undefined;
          this.#notice(file, stat);
        }
      }
    }
    await this.#findLost(found);
    this.#first = false;
  }

  /** Begins to follow a file, where it was left or from its start. */
  async #start(source: TailSource, path: string, stat: FsStat): Promise<TailedFile | undefined> {
    const kept = filePosition(this.#positions.get(fileKey(stat.identity)));
    const file: TailedFile = {
      identity: stat.identity,
      source,
      path,
      offset: kept?.[1] ?? 0,
      fingerprintBytes: kept?.[2] ?? 0,
      fingerprint: kept?.[3] ?? '',
      reader: new LineReader(kept?.[4] === 1),
      handle: undefined,
      seenSize: -1,
      seenModifiedMs: -1,
      settled: false,
      changed: true,
      lostAt: undefined,
      usedAt: this.#scans,
    };
    if (kept === undefined && this.#first && stat.size > limits.historyBytesMax) {
      file.offset = stat.size - limits.historyBytesMax;
      // The place is in the middle of a line; the rest of it is passed over.
      file.reader.skipping = true;
      this.#health.report('history skipped', path, 'older than the first start', file.offset);
    }
    this.#files.set(stat.identity, file);
    return file;
  }

  #notice(file: TailedFile, stat: FsStat): void {
    const same = stat.size === file.seenSize && stat.modifiedMs === file.seenModifiedMs;
    if (same && file.settled) return;
    file.settled = same;
    file.seenSize = stat.size;
    file.seenModifiedMs = stat.modifiedMs;
    file.changed = true;
    file.usedAt = this.#scans;
  }

  /** Files that no pattern names any more: read to their end, then let go. */
  async #findLost(found: ReadonlySet<string>): Promise<void> {
    const lost = [...this.#files.values()].filter((file) => !found.has(file.identity));
    // Files of earlier runs, renamed while no agent ran.
    for (const [key, value] of this.#positions) {
      if (!key.startsWith(keyPrefix)) continue;
      const identity = key.slice(keyPrefix.length);
      if (found.has(identity) || this.#files.has(identity)) continue;
      const kept = filePosition(value);
      const source =
        kept === undefined
          ? undefined
          : this.#sources.find((one) => one.globs.some((glob) => globMatches(glob, kept[0])));
      const path = source === undefined ? undefined : await this.#sibling(kept![0], identity);
      const stat = path === undefined ? undefined : await this.#fs.stat(path);
      if (source === undefined || path === undefined || stat === undefined) {
        this.#positions.delete(key);
        this.#sources[0]?.sink.mark(key, null);
        continue;
      }
      const file = await this.#start(source, kept![0], stat);
      if (file === undefined) continue;
      if (await this.#open(file, path)) lost.push(file);
      else this.#forget(file);
    }
    for (const file of lost) {
      file.lostAt ??= this.#clock.monotonicMs();
      if (file.handle === undefined) {
        const path = await this.#sibling(file.path, file.identity);
        if (path === undefined || !(await this.#open(file, path))) {
          const unread = file.seenSize - file.offset;
          if (unread > 0) {
            this.#health.report('bytes lost', file.path, 'removed before it was read', unread);
          }
          this.#forget(file);
          continue;
        }
      }
      const size = await file.handle!.size();
      if (size !== file.seenSize) {
        file.seenSize = size;
        file.changed = true;
        file.lostAt = this.#clock.monotonicMs();
      } else if (this.#clock.monotonicMs() - file.lostAt >= limits.rotatedIdleMs) {
        await this.#read(file, true);
        await this.#close(file);
        this.#forget(file);
      }
    }
  }

  #forget(file: TailedFile): void {
    this.#files.delete(file.identity);
    this.#positions.delete(fileKey(file.identity));
    file.source.sink.mark(fileKey(file.identity), null);
  }

  /** The name that a file has now in the directory where it was. */
  async #sibling(path: string, identity: string): Promise<string | undefined> {
    const directory = dirname(path);
    let names: string[];
    try {
      names = await this.#fs.list(directory);
    } catch {
      return undefined;
    }
    for (const name of names.slice(0, limits.filesMax)) {
      const candidate = `${directory}/${name}`;
      const stat = await this.#fs.stat(candidate).catch(() => undefined);
      if (stat?.kind === 'file' && stat.identity === identity) return candidate;
    }
    return undefined;
  }

  /** Opens `path` if it still is the file we mean: the name may have moved on since it was seen. */
  async #open(file: TailedFile, path: string): Promise<boolean> {
    if (file.handle !== undefined) return true;
    let handle: FsFile;
    try {
      handle = await this.#fs.open(path, 'read');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        this.#health.reportOnce('files unreadable', path, codeOf(error));
      }
      return false;
    }
    const after = await this.#fs.stat(path).catch(() => undefined);
    if (after?.identity !== file.identity || after.kind !== 'file') {
      await handle.close();
      return false;
    }
    file.handle = handle;
    const open = [...this.#files.values()].filter((one) => one.handle !== undefined);
    if (open.length > limits.openFilesMax) {
      const idle = open
        .filter((one) => one !== file && one.lostAt === undefined)
        .toSorted((a, b) => a.usedAt - b.usedAt)[0];
      if (idle !== undefined) await this.#close(idle);
    }
    return true;
  }

  async #close(file: TailedFile): Promise<void> {
    const { handle } = file;
    file.handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  /** Reads each file's turn; true while there is more. */
  async #readAll(signal: AbortSignal): Promise<boolean> {
    let more = false;
    for (const file of this.#files.values()) {
      if (signal.aborted) return false;
      if (!file.changed) continue;
      file.changed = await this.#read(file, false);
      if (file.changed) more = true;
    }
    return more;
  }

  #positionOf(file: TailedFile): FilePosition {
    return [
      file.path,
      file.offset,
      file.fingerprintBytes,
      file.fingerprint,
      file.reader.skipping ? 1 : 0,
    ];
  }

  #mark(file: TailedFile): void {
    const position = this.#positionOf(file);
    this.#positions.set(fileKey(file.identity), position);
    file.source.sink.mark(fileKey(file.identity), position);
  }

  #fingerprintOf(head: Uint8Array): string {
    return toHex(this.#sha256(head)).slice(0, 32);
  }

  /** Takes whole lines of a chunk many at once where that is possible; to where it took them. */
  #readAtOnce(file: TailedFile, chunk: Buffer, at: number, nowMs: number): number {
    const { sink, toRows } = file.source;
    if (toRows === undefined || file.reader.skipping) return at;
    let taken = at;
    // A block is shorter than a line may be, so none of its lines is to be cut; and its text is
    // short enough for the cheap part of the heap.
    for (;;) {
      const end = chunk.lastIndexOf(10, taken + limits.blockBytesMax - 1) + 1;
      if (end <= taken) return taken;
      const bulk = toRows(chunk.subarray(taken, end), file.path, nowMs);
      if (bulk === undefined || !sink.addMany(bulk.rows, bulk.rowCount)) return taken;
      taken = end;
    }
  }

  /** Reads one turn of a file; true where there is more. `final`: its last line needs no end. */
  async #read(file: TailedFile, final: boolean): Promise<boolean> {
    if (!(await this.#open(file, file.path))) return false;
    const handle = file.handle!;
    const { sink, toRow } = file.source;
    try {
      const head = Buffer.from(await handle.read(0, limits.fingerprintBytesMax));
      const size = await handle.size();
      // Cut off, or other content under the same identity: it begins anew.
      const replaced =
        size < file.offset ||
        (file.fingerprintBytes > 0 &&
          this.#fingerprintOf(head.subarray(0, file.fingerprintBytes)) !== file.fingerprint);
      if (replaced) {
        file.offset = 0;
        file.fingerprintBytes = 0;
        file.fingerprint = '';
        file.reader.skipping = false;
      }
      let turn = 0;
      while (turn < limits.turnBytesMax) {
        const raw = await handle.read(file.offset, limits.readBytesMax);
        if (raw.length === 0) return false;
        const chunk = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
        const base = file.offset;
        const atEnd = final && raw.length < limits.readBytesMax;
        const nowMs = this.#clock.now();
        let at = this.#readAtOnce(file, chunk, 0, nowMs);
        let cutLines = 0;
        const seen = (): void => {
          file.offset = base + at;
          // Only bytes that were read count: what lies behind them may still be written.
          const bytes = Math.min(head.length, file.offset, limits.fingerprintBytesMax);
          if (bytes > file.fingerprintBytes) {
            file.fingerprintBytes = bytes;
            file.fingerprint = this.#fingerprintOf(head.subarray(0, bytes));
          }
        };
        for (;;) {
          const line = file.reader.next(chunk, at, atEnd);
          if (!('text' in line)) {
            at = line.next;
            break;
          }
          if (line.cut) cutLines += 1;
          const row = line.text === '' ? undefined : toRow(line.text, file.path, nowMs);
          if (row !== undefined && !sink.add(row)) {
            // The batch is full: what it covers ends before this line.
            const { skipping } = file.reader;
            file.reader.skipping = false;
            seen();
            this.#mark(file);
            file.reader.skipping = skipping;
            await sink.flush();
            invariant(sink.add(row), 'a row does not fit an empty batch');
            at = this.#readAtOnce(file, chunk, line.next, nowMs);
            continue;
          }
          at = line.next;
        }
        if (cutLines > 0) {
          this.#health.report(
            'lines cut',
            file.path,
            `over ${limits.lineBytesMax} bytes`,
            cutLines,
          );
        }
        turn += at;
        if (at === 0) return false;
        seen();
        this.#mark(file);
        if (raw.length < limits.readBytesMax) return false;
      }
      return true;
    } catch (error) {
      // A file that cannot be read is not the end of the others; a failed sink is.
      if (!(error instanceof Error) || error.name !== 'FsError') throw error;
      if (!('operation' in error) || !['read', 'fstat'].includes(String(error.operation)))
        throw error;
      this.#health.reportOnce('files unreadable', file.path, codeOf(error));
      await this.#close(file);
      return false;
    }
  }
}
