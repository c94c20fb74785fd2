/**
 * What the engine's directory must hold: each part of each table with its rows and one hash over its
 * metadata and index files, under a MAC. ClickHouse checks column data when it reads it, but a flip in
 * a count, a minmax file or an index is served as a wrong answer, and one in a list of checksums
 * takes the part away without a word. See `docs/formats/engine.md` §Manifest and ADR 0054.
 */

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeDurably } from '../key-check.js';
import { eachOf } from './durable-names.js';
import { digestOf, isGone, list, partsOnDisk, tablesOnDisk } from './parts.js';

/** A part as `system.parts` shows it. */
export interface VouchedPart {
  readonly name: string;
  readonly path: string;
  readonly rows: number;
}

/** A part that is not what it was, or not there. */
export interface PartDamage {
  /** Of the table. */
  readonly uuid: string;
  readonly part: string;
  readonly problem: string;
}

interface Entry {
  readonly rows: number;
  /** Files hashed, and their size in bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly hash: string;
}

interface State {
  /** A statement that replaces or drops parts is under way: what is missing may be meant so. */
  underWay: boolean;
  /** By `<table's uuid>/<part>`. */
  readonly parts: Map<string, Entry>;
}

const fileName = 'manifest';
const madeName = 'manifest.made';
const asideName = 'damaged';
const version = 1;

export class ManifestDamaged extends Error {}

export class Manifest {
  readonly #directory: string;
  readonly #macKeys: ReadonlyMap<number, Buffer>;
  readonly #current: number;
  readonly #state: State = { underWay: false, parts: new Map() };
  #work: Promise<void> = Promise.resolve();

  /** `keys`: the disks' keys by number; the current one's MAC key is written with. */
  constructor(options: {
    directory: string;
    keys: ReadonlyMap<number, Uint8Array>;
    current: number;
  }) {
    this.#directory = options.directory;
    this.#current = options.current;
    this.#macKeys = new Map(
      [...options.keys].map(([id, key]) => [
        id,
        Buffer.from(hkdfSync('sha256', key, '', 'strongroom/engine-manifest/v1', 32)),
      ]),
    );
  }

  /**
   * Before ClickHouse opens: compares every part with the manifest. What nobody vouches for was never
   * reported (an insert in doubt, a merge whose sources are still there) and is removed; what is
   * vouched for and damaged is put aside, so that the other tables open.
   */
  async check(): Promise<PartDamage[]> {
    // ClickHouse's log of tokens is never synced, and a torn one keeps the engine from starting. What
    // was inserted is the applier's to know; the log is a help within one life.
    for (const [, path] of await tablesOnDisk(this.#directory)) {
      const tokens = join(path, 'deduplication_logs');
      for (const name of await list(tokens)) await rm(join(tokens, name), { force: true });
    }
    const found = await partsOnDisk(this.#directory);
    if (!(await this.#load())) return [];
    const standing = await this.#tablesStanding();
    const damages: PartDamage[] = [];
    await eachOf([...this.#state.parts], async ([key, entry]) => {
      const [uuid = '', part = ''] = key.split('/');
      const [directory, ...others] = found.get(key) ?? [];
      if (!standing.has(uuid)) return;
      if (directory === undefined) {
        if (!this.#state.underWay && !this.#isCovered(key)) {
          damages.push({ uuid, part, problem: 'The part is missing.' });
        }
        return;
      }
      // A move between volumes that a crash cut in two leaves the part on both.
      for (const each of [directory, ...others]) {
        const now = await digestOf(each);
        if (now.hash === entry.hash) continue;
        damages.push({ uuid, part, problem: 'A metadata or index file is not what was written.' });
        await this.#putAside(each, key);
      }
    });
    if (this.#state.underWay) return damages;
    for (const [key, directories] of found) {
      if (this.#state.parts.has(key)) continue;
      for (const each of directories) await rm(each, { recursive: true, force: true });
    }
    return damages;
  }

  /** True where a part that is vouched for holds this one's blocks: it was merged into it. */
  #isCovered(key: string): boolean {
    const [uuid = '', part = ''] = key.split('/');
    const mine = blocksOf(part);
    if (mine === undefined) return false;
    for (const other of this.#state.parts.keys()) {
      if (other === key || !other.startsWith(`${uuid}/`)) continue;
      const theirs = blocksOf(other.slice(uuid.length + 1));
      if (
        theirs !== undefined &&
        theirs.partition === mine.partition &&
        theirs.min <= mine.min &&
        theirs.max >= mine.max &&
        (theirs.level > mine.level || theirs.mutation > mine.mutation)
      ) {
        return true;
      }
    }
    return false;
  }

  /** Compares what is vouched for with the disk again, and changes nothing. */
  async verify(active: readonly VouchedPart[]): Promise<PartDamage[]> {
    const damages: PartDamage[] = [];
    for (const part of active) {
      const entry = this.#state.parts.get(keyOf(part));
      if (entry === undefined) continue;
      const now = await digestOf(part.path).catch(() => undefined);
      // A merge may have replaced it meanwhile.
      if (now === undefined || now.hash === entry.hash) continue;
      damages.push({
        uuid: basename(dirname(trimmed(part.path))),
        part: part.name,
        problem: 'A metadata or index file is not what was written.',
      });
    }
    return damages;
  }

  /** Vouches for parts whose files and names are durable. Durable when it resolves. */
  vouch(parts: readonly VouchedPart[]): Promise<void> {
    return this.#inTurn(async () => {
      let changed = false;
      for (const part of parts) changed = (await this.#add(part)) || changed;
      if (changed) await this.#store();
    });
  }

  /** What is vouched for now. */
  get known(): ReadonlySet<string> {
    return new Set(this.#state.parts.keys());
  }

  /**
   * {@link vouch} for all that is active; forgets the rest of what was `known` before it was asked
   * what is. `settles`: ends what {@link begin} began.
   */
  vouchAll(
    active: readonly VouchedPart[],
    options: { readonly settles: boolean; readonly before: ReadonlySet<string> },
  ): Promise<void> {
    return this.#inTurn(async () => {
      let changed = options.settles && this.#state.underWay;
      if (options.settles) this.#state.underWay = false;
      for (const part of active) changed = (await this.#add(part)) || changed;
      const keys = new Set(active.map(keyOf));
      if (!this.#state.underWay) {
        for (const key of options.before) {
          if (
            !this.#state.parts.has(key) ||
            keys.has(key) ||
            this.#closed.has(key.slice(0, key.indexOf('/')))
          )
            continue;
          this.#state.parts.delete(key);
          changed = true;
        }
      }
      if (changed) await this.#store();
    });
  }

  readonly #closed = new Set<string>();

  /** What is vouched for of a damaged table stays so, until it was restored. */
  keepClosed(uuids: Iterable<string>): void {
    for (const uuid of uuids) this.#closed.add(uuid);
  }

  /** A damaged table was made whole: what is there from now on is what it holds. */
  reopen(uuid: string): void {
    this.#closed.delete(uuid);
  }

  /** Before a statement that replaces or drops parts. */
  begin(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state.underWay) return;
      this.#state.underWay = true;
      await this.#store();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #add(part: VouchedPart): Promise<boolean> {
    const key = keyOf(part);
    const known = this.#state.parts.get(key);
    if (known !== undefined && known.rows === part.rows) return false;
    const digest = await digestOf(part.path).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
    // Merged away since it was listed: what replaced it is vouched for in its turn.
    if (digest === undefined) return false;
    this.#state.parts.set(key, { rows: part.rows, ...digest });
    return true;
  }

  async #store(): Promise<void> {
    const key = this.#macKeys.get(this.#current);
    if (key === undefined) throw new Error('no key for the manifest');
    const body = `${JSON.stringify({
      version,
      key: this.#current,
      underWay: this.#state.underWay,
      parts: Object.fromEntries(this.#state.parts),
    })}\n`;
    const mac = createHmac('sha256', key).update(body).digest('hex');
    await writeDurably(join(this.#directory, fileName), `${body}${mac}\n`);
    if (this.#made) return;
    await writeDurably(join(this.#directory, madeName), '');
    this.#made = true;
  }

  #made = false;

  /** False where there is none yet: what is there is vouched for as it is found. */
  async #load(): Promise<boolean> {
    this.#made = (await read(join(this.#directory, madeName))) !== undefined;
    const bytes = await read(join(this.#directory, fileName));
    if (bytes === undefined) {
      if (this.#made) throw new ManifestDamaged('The manifest is missing.');
      return false;
    }
    const text = bytes.toString('utf8');
    const end = text.indexOf('\n') + 1;
    const body = text.slice(0, end);
    const mac = Buffer.from(text.slice(end).trimEnd(), 'hex');
    const bad = (): never => {
      throw new ManifestDamaged('The manifest is damaged.');
    };
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return bad();
    }
    if (typeof value !== 'object' || value === null || !('key' in value)) return bad();
    const key = this.#macKeys.get(Number(value.key));
    if (key === undefined) return bad();
    const expected = createHmac('sha256', key).update(body).digest();
    if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) return bad();
    const state = value as { version?: unknown; underWay?: unknown; parts?: unknown };
    if (state.version !== version || typeof state.parts !== 'object') return bad();
    this.#state.underWay = state.underWay === true;
    for (const [name, entry] of Object.entries(state.parts as Record<string, Entry>)) {
      this.#state.parts.set(name, entry);
    }
    return true;
  }

  /** Tables that a definition names: what is left of a dropped one is nobody's. */
  async #tablesStanding(): Promise<Set<string>> {
    const standing = new Set<string>();
    const store = join(this.#directory, 'db', 'store');
    for (const prefix of await list(store)) {
      for (const database of await list(join(store, prefix))) {
        for (const name of await list(join(store, prefix, database))) {
          if (!name.endsWith('.sql')) continue;
          const text = await readFile(join(store, prefix, database, name), 'utf8');
          const uuid = /UUID '([0-9a-f-]{36})'/.exec(text)?.[1];
          if (uuid !== undefined) standing.add(uuid);
        }
      }
    }
    return standing;
  }

  async #putAside(directory: string, key: string): Promise<void> {
    const aside = join(this.#directory, asideName);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    for (let number = 0; ; number += 1) {
      try {
        await rename(directory, join(aside, `${key.replace('/', '_')}.${number}`));
        return;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
      }
    }
  }
}

const trimmed = (path: string): string => path.replace(/\/$/, '');
const keyOf = ({ path, name }: VouchedPart): string =>
  `${basename(dirname(trimmed(path)))}/${name}`;

/** `<partition>_<min>_<max>_<level>[_<mutation>]`. */
function blocksOf(part: string) {
  const match = /^(.+?)_(\d+)_(\d+)_(\d+)(?:_(\d+))?$/.exec(part);
  if (match === null) return undefined;
  const [min, max, level, mutation] = match.slice(2).map((text) => Number(text ?? 0));
  return {
    partition: match[1]!,
    min: min ?? 0,
    max: max ?? 0,
    level: level ?? 0,
    mutation: Number.isNaN(mutation ?? 0) ? 0 : (mutation ?? 0),
  };
}

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
