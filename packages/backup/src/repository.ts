import { createHmac, hkdfSync } from 'node:crypto';
import { dirname, join } from 'node:path';
import { StrongroomError, concatBytes, equalBytes, fromUtf8, toHex, utf8 } from '@strongroom/base';
import type { Fs, Random } from '@strongroom/base';
import { keyIdSize, keySize, openAead, sealAead } from '@strongroom/keys';
import type { AeadKey, KeyProvider } from '@strongroom/keys';
import { backupError } from './errors.js';
import { limits } from './limits.js';

const magic = utf8('SRBK');
const version = 1;
/** The repository's id names its key as well. */
const idSize = keyIdSize;

/**
 * A directory of sealed pieces and the snapshots that name them (docs/formats/backup.md).
 *
 * A piece is named by a keyed hash of its content, so what is there already is not written again:
 * the next snapshot stores what changed, and one that was interrupted goes on where it was.
 */
export class Repository {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly directory: string;
  readonly #fs: Fs;
  readonly #random: Random;
  readonly #seal: AeadKey;
  readonly #nameKey: Uint8Array;
  /** Directories with names that are not durable yet. */
  readonly #unsynced = new Set<string>();

  /** @internal Use {@link openRepository}. */
  constructor(parts: {
    directory: string;
    fs: Fs;
    random: Random;
    id: Uint8Array;
    key: Uint8Array;
  }) {
    const { directory, fs, random, id, key } = parts;
    this.id = toHex(id);
    this.directory = directory;
    this.#fs = fs;
    this.#random = random;
    this.#seal = { id, key: derive(key, id, 'seal') };
    this.#nameKey = derive(key, id, 'names');
  }

  /** Stores a piece; its name, and how many bytes were written (0 where it was there). */
  async put(content: Uint8Array): Promise<{ name: string; written: number }> {
    const name = this.#nameOf(content);
    const path = this.#pathOf(name);
    if ((await this.#fs.stat(path)) !== undefined) {
      // Left by a snapshot that was cut short, perhaps: then its name is in the cache alone.
      this.#willSync(dirname(path));
      return { name, written: 0 };
    }
    const sealed = sealAead(this.#random, this.#seal, {
      plain: content,
      context: utf8(`piece/${name}`),
    });
    await this.#write(path, sealed);
    return { name, written: sealed.length };
  }

  /** The piece's content. Throws `BACKUP_DAMAGED` where it is missing or not what its name says. */
  async get(name: string): Promise<Uint8Array> {
    if (!/^[0-9a-f]{64}$/.test(name)) throw damaged(`A snapshot names '${name.slice(0, 80)}'`);
    const content = await this.#open(this.#pathOf(name), `piece/${name}`);
    if (this.#nameOf(content) !== name) throw damaged(`The piece ${name} has other content`);
    return content;
  }

  /** Ids of the snapshots, oldest first. */
  async snapshotIds(): Promise<string[]> {
    const names = await this.#fs.list(join(this.directory, 'snapshots'));
    return names.filter((name) => snapshotPattern.test(name));
  }

  /** Makes a snapshot's file: from now on it counts. All that it names is durable before. */
  async putSnapshot(id: string, content: Uint8Array): Promise<void> {
    await this.sync();
    const plain = { plain: content, context: utf8(`snapshot/${id}`) };
    await this.#write(
      join(this.directory, 'snapshots', id),
      sealAead(this.#random, this.#seal, plain),
    );
    await this.sync();
  }

  async getSnapshot(id: string): Promise<Uint8Array> {
    const path = join(this.directory, 'snapshots', id);
    if (!snapshotPattern.test(id) || (await this.#fs.stat(path)) === undefined) {
      throw backupError('BACKUP_NO_SNAPSHOT', `There is no snapshot '${id.slice(0, 80)}'.`);
    }
    return this.#open(path, `snapshot/${id}`);
  }

  async removeSnapshot(id: string): Promise<void> {
    await this.#fs.remove(join(this.directory, 'snapshots', id));
    await this.#fs.syncDirectory(join(this.directory, 'snapshots'));
  }

  /** Removes the pieces that `isUsed` does not know, and what an interrupted write left. */
  async sweep(isUsed: (name: string) => boolean): Promise<{ removed: number; bytes: number }> {
    let removed = 0;
    let bytes = 0;
    const objects = join(this.directory, 'pieces');
    for (const group of await this.#fs.list(objects)) {
      const directory = join(objects, group);
      for (const name of await this.#fs.list(directory)) {
        if (isUsed(name)) continue;
        const path = join(directory, name);
        bytes += (await this.#fs.stat(path))?.size ?? 0;
        await this.#fs.remove(path);
        removed += 1;
      }
      await this.#fs.syncDirectory(directory);
    }
    return { removed, bytes };
  }

  /** When it resolves, all that was put survives power loss. */
  async sync(): Promise<void> {
    for (const directory of this.#unsynced) await this.#fs.syncDirectory(directory);
    this.#unsynced.clear();
  }

  #nameOf(content: Uint8Array): string {
    return createHmac('sha256', this.#nameKey).update(content).digest('hex');
  }

  #pathOf(name: string): string {
    return join(this.directory, 'pieces', name.slice(0, 2), name);
  }

  async #open(path: string, context: string): Promise<Uint8Array> {
    try {
      const sealed = await this.#fs.readFile(path);
      return openAead(this.#seal, { sealed, context: utf8(context) });
    } catch (cause) {
      throw damaged(`${path} cannot be read`, cause);
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const directory = dirname(path);
    await this.#fs.makeDirectory(directory);
    this.#willSync(directory);
    const unfinished = `${path}.new`;
    if ((await this.#fs.stat(unfinished)) !== undefined) await this.#fs.remove(unfinished);
    const file = await this.#fs.open(unfinished, 'create');
    try {
      await file.write(0, bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.rename(unfinished, path);
  }

  /** The next sync makes a directory's names durable, and its own. */
  #willSync(directory: string): void {
    this.#unsynced.add(directory);
    this.#unsynced.add(dirname(directory));
  }
}

const snapshotPattern = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;

const damaged = (what: string, cause?: unknown): StrongroomError =>
  backupError('BACKUP_DAMAGED', `${what}.`, {
    cause,
    hint: 'Use another copy of the repository, or an earlier snapshot (`strongroom backup verify`).',
  });

const derive = (key: Uint8Array, id: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, id, `strongroom.backup/v1:${purpose}`, keySize));

const contextOf = (id: Uint8Array): string => `strongroom.backup/v1:${toHex(id)}`;

export interface RepositoryOptions {
  readonly directory: string;
  readonly fs: Fs;
  readonly random: Random;
  /** Wraps the repository's key: the service's root. */
  readonly provider: KeyProvider;
}

/**
 * Opens the repository in `directory`. `create`: makes one where the directory is missing or empty.
 * Rejects `BACKUP_NOT_FOUND` where there is none, and with the provider's error where it was made
 * under another root key.
 */
export async function openRepository(
  options: RepositoryOptions & { readonly create: boolean },
): Promise<Repository> {
  const { directory, fs, random, provider } = options;
  const path = join(directory, 'repository');
  if ((await fs.stat(path)) === undefined) {
    if (!options.create) {
      throw backupError('BACKUP_NOT_FOUND', `There is no backup repository in ${directory}.`);
    }
    await makeRepository(options, path);
  }
  if (options.create) {
    // Before anything counts on its key: who made it may have died before its name was durable.
    await fs.syncDirectory(directory);
    await fs.syncDirectory(dirname(directory));
  }
  const bytes = await fs.readFile(path);
  const headSize = magic.length + 1 + idSize;
  if (
    bytes.length > limits.headerBytesMax ||
    bytes.length <= headSize ||
    !equalBytes(bytes.subarray(0, magic.length), magic) ||
    bytes[magic.length] !== version
  ) {
    throw backupError('BACKUP_NOT_FOUND', `${path} is not the header of a backup repository.`);
  }
  const id = bytes.slice(magic.length + 1, headSize);
  const key = await provider.unwrap(bytes.slice(headSize), contextOf(id));
  try {
    return new Repository({ directory, fs, random, id, key });
  } finally {
    key.fill(0);
  }
}

async function makeRepository(options: RepositoryOptions, path: string): Promise<void> {
  const { directory, fs, random, provider } = options;
  const unfinished = `${path}.new`;
  if ((await fs.stat(directory)) !== undefined && !(await isBegun(fs, directory))) {
    throw backupError(
      'BACKUP_TARGET_NOT_EMPTY',
      `${directory} holds files and is no backup repository.`,
      { hint: 'Name an empty directory, or one that does not exist yet.' },
    );
  }
  for (const name of ['pieces', 'snapshots']) await fs.makeDirectory(join(directory, name));
  const id = random.bytes(idSize);
  const key = random.bytes(keySize);
  const wrapped = await provider.wrap(key, contextOf(id));
  key.fill(0);
  if ((await fs.stat(unfinished)) !== undefined) await fs.remove(unfinished);
  const file = await fs.open(unfinished, 'create');
  try {
    await file.write(0, concatBytes(magic, new Uint8Array([version]), id, wrapped));
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(unfinished, path);
}

/** True where a directory holds nothing, or no more than what making a repository there left. */
async function isBegun(fs: Fs, directory: string): Promise<boolean> {
  for (const name of await fs.list(directory)) {
    if (name === 'repository.new') continue;
    if (!['pieces', 'snapshots'].includes(name)) return false;
    if ((await fs.list(join(directory, name))).length > 0) return false;
  }
  return true;
}

/** Reads JSON that we sealed. */
export function readJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(fromUtf8(bytes)) as unknown;
  } catch (cause) {
    throw damaged(`${what} is not what was written`, cause);
  }
}
