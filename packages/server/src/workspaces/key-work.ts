import { StrongroomError, fromUtf8, isNotFound, utf8 } from '@strongroom/base';
import type { Clock, Fs } from '@strongroom/base';
import { diskKeyUse } from '@strongroom/engine';
import type { KeyProvider } from '@strongroom/keys';
import { openWorkspaceKeys } from '@strongroom/keys';
import type { Random, WorkspaceId } from '@strongroom/base';
import type { Journal } from '@strongroom/journal';
import type { CurrentKeys } from './current-keys.js';
import { addDiskKey, describeDiskKeys, dropOldDiskKeys, rewrapDiskKeys } from './disk-keys.js';
import type { EngineHost } from './engine-host.js';
import type { WorkspaceErrorCode } from './errors.js';
import type { RecordStore } from './record-store.js';
import { replaceFile } from './retry-memory.js';

/** What of a workspace lies under which keys. */
export interface WorkspaceKeyUse {
  /** Journal and record segments by the workspace key (or pair) that their keys are wrapped under. */
  readonly segments: ReadonlyMap<string, number>;
  readonly disk: {
    readonly current: number;
    /** More than one while a rotation is under way. */
    readonly numbers: readonly number[];
    readonly madeAt: number | undefined;
    readonly wrappedBy: readonly string[];
    /** Bytes and files of the engine under keys before the current one. */
    readonly oldBytes: number;
    readonly oldFiles: number;
    readonly bytes: number;
  };
}

/** What changes a running workspace's keys. */
export interface KeyWork {
  use(): Promise<WorkspaceKeyUse>;
  /**
   * Takes over a record with other current keys: what is written from now on goes under them, and the
   * engine's keys are wrapped anew. Nothing is closed.
   */
  renew(provider: KeyProvider, record: Uint8Array): Promise<void>;
  /** The record as the catalog has it now, for the copy beside what it opens. */
  keepRecord(record: Uint8Array): Promise<void>;
  /** Wraps anew what an interrupted {@link renew} left under an older key. */
  finishRenewal(): Promise<void>;
  /**
   * Puts the engine's files under a fresh key, or goes on with that: `begin` says whether one is made
   * where none is under way. Resolves when the old key is gone.
   */
  rotateDisk(options: { begin: boolean }): Promise<'done' | 'nothing to do'>;
}

export interface KeyWorkOptions {
  readonly workspaceId: WorkspaceId;
  /** The workspace's directory. */
  readonly directory: string;
  readonly keys: CurrentKeys;
  readonly journal: Journal;
  readonly records: RecordStore;
  readonly engine: EngineHost;
  /** Runs what rewrites tables, with nothing being inserted, erased or committed to. */
  readonly withTablesStill: <T>(run: () => Promise<T>) => Promise<T>;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Durable state, so that all of it goes on after a crash: the key record in the catalog, the file
 * `engine-keys` (more than one key in it: a rotation is under way), and beside it `engine-rotation`,
 * the fingerprints that files had before. What is left to do is read from the files themselves.
 */
export function createKeyWork(options: KeyWorkOptions): KeyWork {
  const { directory, engine, fs, keys } = options;
  const file = { path: `${directory}/engine-keys`, fs, keys };
  const rotationPath = `${directory}/engine-rotation`;
  const engineDirectory = `${directory}/engine`;
  /** Changes of the file `engine-keys`, and rotations: each one at a time. */
  const fileTurn = oneAtATime();
  const rotationTurn = oneAtATime();

  const keepRecord = (record: Uint8Array): Promise<void> =>
    replaceFile(fs, `${directory}/workspace-key`, record);

  async function oldFingerprints(): Promise<ReadonlySet<string>> {
    try {
      const parsed: unknown = JSON.parse(fromUtf8(await fs.readFile(rotationPath)));
      const list: unknown =
        typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'before') : undefined;
      if (Array.isArray(list)) return new Set(list.map(String));
    } catch (error) {
      if (isNotFound(error)) return new Set();
      throw error;
    }
    throw new StrongroomError<WorkspaceErrorCode>(
      'ENGINE_KEYS_UNREADABLE',
      'The file engine-rotation is damaged.',
    );
  }

  async function diskUse(): Promise<{
    bytes: number;
    oldBytes: number;
    oldFiles: number;
    oldTables: Set<string>;
  }> {
    const old = await oldFingerprints();
    const sum = { bytes: 0, oldBytes: 0, oldFiles: 0, oldTables: new Set<string>() };
    for (const [fingerprint, use] of await diskKeyUse(engineDirectory)) {
      sum.bytes += use.bytes;
      if (!old.has(fingerprint)) continue;
      sum.oldBytes += use.bytes;
      sum.oldFiles += use.files;
      for (const table of use.tables) sum.oldTables.add(table);
    }
    return sum;
  }

  async function rotateDisk(begin: boolean): Promise<'done' | 'nothing to do'> {
    const facts = await describeDiskKeys(file);
    if (facts.numbers.length === 1) {
      if (!begin) return 'nothing to do';
      const before = [...(await diskKeyUse(engineDirectory)).keys()];
      // First what is old, then what is new: a crash between the two has changed nothing.
      await replaceFile(fs, rotationPath, utf8(`${JSON.stringify({ version: 1, before })}\n`));
      await fileTurn(() => addDiskKey({ ...file, now: options.clock.now() }));
    }
    // A process that runs may still write under the old key alone.
    await engine.reopen();
    await options.withTablesStill(() => engine.use((each) => each.dropUnfinishedRewrites()));
    for (let { oldTables } = await diskUse(); oldTables.size > 0;) {
      const names = await engine.use((each) => each.tableIds());
      const pending = [...oldTables].flatMap((id) => names.get(id) ?? []);
      for (const name of pending) {
        await options.withTablesStill(() => engine.use((each) => each.rewriteTable(name)));
      }
      ({ oldTables } = await diskUse());
      // What belongs to no table is a dropped one that the engine has not cleared away yet.
      if (pending.length === 0 && oldTables.size > 0) {
        await options.clock.sleep(500);
        ({ oldTables } = await diskUse());
      }
    }
    await fileTurn(() => dropOldDiskKeys(file));
    await engine.reopen();
    await fs.remove(rotationPath).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return 'done';
  }

  return {
    use: async () => {
      const segments = new Map<string, number>();
      const wrapped = [...options.journal.wrappedKeys(), ...options.records.wrappedKeys()];
      for (const each of wrapped) {
        const id = keys.wrappingKeyId(each);
        segments.set(id, (segments.get(id) ?? 0) + 1);
      }
      const { oldTables: _tables, ...use } = await diskUse();
      return { segments, disk: { ...(await describeDiskKeys(file)), ...use } };
    },
    renew: (provider, record) =>
      fileTurn(async () => {
        const { workspaceId, random } = options;
        keys.exchange(await openWorkspaceKeys({ provider, record, workspaceId, random }));
        options.journal.roll();
        options.records.roll();
        await rewrapDiskKeys(file);
        // The copy from before is wrapped by whoever held the key then.
        await keepRecord(record);
      }),
    keepRecord: (record) => fileTurn(() => keepRecord(record)),
    finishRenewal: () => fileTurn(() => rewrapDiskKeys(file)),
    rotateDisk: ({ begin }) => rotationTurn(() => rotateDisk(begin)),
  };
}

/** Runs what it is given one after the other, whether or not the one before failed. */
function oneAtATime(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const turn = last.then(run, run);
    last = turn.catch(() => undefined);
    return turn;
  };
}
