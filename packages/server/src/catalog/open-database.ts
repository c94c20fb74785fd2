import { chmod, open } from 'node:fs/promises';
import Database from 'libsql';
import { Kysely, SqliteDialect } from 'kysely';
import type { SqliteDatabase } from 'kysely';
import { toHex } from '@strongroom/base';
import { CatalogError } from './errors.js';
import type { CatalogDatabase } from './schema.js';

/**
 * Opens the encrypted SQLite file, made with mode 0600 where it is missing (its `-wal` and `-shm`
 * take the same mode). Pages and write-ahead log are AES-256-CBC under the given key.
 *
 * `synchronous = FULL` with a write-ahead log: a commit is fsynced before it returns.
 * Rejects `CATALOG_UNREADABLE` where the key is not this file's or the file is damaged, and
 * `CATALOG_IN_USE` where another process has it open.
 */
export async function openDatabase(options: {
  path: string;
  encryptionKey: Uint8Array;
}): Promise<Kysely<CatalogDatabase>> {
  const file = await open(options.path, 'a', 0o600);
  await file.close();
  await chmod(options.path, 0o600);
  try {
    // `encryptionKey` is missing from the package's types.
    const encryption = { timeout: 1_000, encryptionKey: toHex(options.encryptionKey) };
    const database = new Database(options.path, encryption);
    // The lock on this file is the lock on the whole data directory: taken here, before anything
    // else of it is opened, held for as long as the process lives, freed by the kernel with it.
    database.prepare('PRAGMA locking_mode = EXCLUSIVE').get();
    database.prepare('PRAGMA journal_mode = WAL').get();
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON');
    // A key record that was replaced or destroyed must not stay in a free page.
    database.exec('PRAGMA secure_delete = ON');
    // Sorts and indexes of a large statement stay in memory, never in a temporary file.
    database.exec('PRAGMA temp_store = MEMORY');
    database.prepare('PRAGMA schema_version').get();
    const adapted: SqliteDatabase = {
      close: () => {
        // The package lets go of the file only when its statements are collected. Leaving the
        // write-ahead log and the exclusive mode gives the lock back now, and empties the log.
        database.prepare('PRAGMA journal_mode = DELETE').get();
        database.prepare('PRAGMA locking_mode = NORMAL').get();
        database.prepare('PRAGMA schema_version').get();
        database.close();
      },
      prepare: (text) => {
        const statement = database.prepare(text);
        return {
          reader: statement.reader,
          all: (parameters) => statement.all([...parameters]),
          run: (parameters) => statement.run([...parameters]),
          iterate: (parameters) => statement.iterate([...parameters]),
        };
      },
    };
    return new Kysely<CatalogDatabase>({ dialect: new SqliteDialect({ database: adapted }) });
  } catch (cause) {
    if (cause instanceof Error && /locked|SQLITE_BUSY/.test(cause.message)) {
      throw new CatalogError('CATALOG_IN_USE', 'Another process uses this data directory.', {
        cause,
        hint: 'Stop the service that runs on it, or start with another --data.',
      });
    }
    throw new CatalogError('CATALOG_UNREADABLE', 'The catalog cannot be opened.', {
      cause,
      hint: 'Check that the root key belongs to this data directory.',
    });
  }
}
