import { StrongroomError, fromBase64, hasCode, journalSequence } from '@strongroom/base';
import type { Clock, Sha256 } from '@strongroom/base';
import { rowContent, rowLeaves } from '@strongroom/engine';
import type { Journal } from '@strongroom/journal';
import { partPath, printProof, printSubjectProof, rootOf, rowPath } from '@strongroom/ledger';
import type { EntryCommitment, Ledger, ProofSubject } from '@strongroom/ledger';
import {
  and,
  call,
  column,
  databaseName,
  infix,
  integer,
  print,
  select,
  table,
  text,
} from '@strongroom/sql';
import type { ColumnSchema, Expression, Statement } from '@strongroom/sql';
import { ticksPerMillisecond, unixEpochTicks } from '@strongroom/sql';
import type { TableLookup } from './applier.js';
import { partsOf } from './committer.js';
import type { EngineHost } from './engine-host.js';
import type { WorkspaceErrorCode } from './errors.js';
import type { KeptRecord } from './record.js';
import type { RecordStore } from './record-store.js';

/** Where a row lies: what its system columns say. */
export interface RowPlace {
  readonly table: string;
  readonly position: bigint;
  readonly row: number;
}

/** Proofs that anyone can check with the public key: `docs/formats/proof.md`. */
export interface Proofs {
  /**
   * Of the entry at a position: one batch, as it was sent. Where the journal has pruned it, the proof has
   * no subject: it is checked with the receipt's commitment. Throws `PROOF_NOT_YET`, `PROOF_NOT_FOUND`.
   */
  entry(position: bigint): Promise<string>;
  /** Of one stored row. Throws `PROOF_NOT_YET`, `PROOF_NOT_FOUND`. */
  row(place: RowPlace): Promise<string>;
  /** The rows of a table that have these values, as JSON of a query shows them; the first few. */
  find(table: string, values: Readonly<Record<string, unknown>>): Promise<readonly RowPlace[]>;
  /** The path of a leaf in the tree of `size` leaves. */
  inclusion(index: bigint, size: bigint): Promise<readonly Uint8Array[]>;
  /** That the tree of `size` leaves (the newest by default) continues the one of `oldSize`. */
  consistency(oldSize: bigint, size?: bigint): Promise<ConsistencyAnswer>;
}

export interface ConsistencyAnswer {
  readonly oldSize: bigint;
  readonly size: bigint;
  readonly hashes: readonly Uint8Array[];
  /** The newest checkpoint, a signed note. */
  readonly checkpoint: string;
}

export interface ProofParts {
  readonly host: EngineHost;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly records: RecordStore;
  readonly tables: TableLookup;
  readonly journalId: string;
  readonly sha256: Sha256;
  readonly clock: Clock;
}

const notFound = (why: string): StrongroomError<WorkspaceErrorCode> =>
  new StrongroomError('PROOF_NOT_FOUND', why);
const notYet = (): StrongroomError<WorkspaceErrorCode> =>
  new StrongroomError(
    'PROOF_NOT_YET',
    'It is not under a signed checkpoint yet. Try again in a second.',
  );

/** Makes a workspace's proofs. */
export function createProofs(parts: ProofParts): Proofs {
  const { host, journal, ledger, records, sha256, journalId } = parts;

  async function rows(statement: Statement): Promise<unknown[][]> {
    queries += 1;
    return host.use(async (engine) => {
      const chunks: Uint8Array[] = [];
      const run = engine.query(statement, {
        maxSeconds: 60,
        maxMemoryBytes: 512 * 1024 * 1024,
        queryId: `proof-${queries}`,
      });
      for await (const chunk of run) chunks.push(chunk);
      return Buffer.concat(chunks)
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown[]);
    });
  }

  async function proved(index: bigint, subject: ProofSubject | undefined): Promise<string> {
    const { checkpoint } = ledger;
    if (checkpoint === undefined || index >= checkpoint.size) throw notYet();
    const { hashes } = await ledger.proveInclusion(index, checkpoint.size);
    const proof = { index, hashes, checkpoint: checkpoint.text };
    return subject === undefined ? printProof(proof) : printSubjectProof({ ...proof, subject });
  }

  /** The record whose commitment to the entry's rows holds now, and which of its parts that is. */
  async function recordOf(
    place: RowPlace,
    root: Uint8Array,
  ): Promise<{ kept: KeptRecord; list: EntryCommitment[]; index: number }> {
    const wanted = Buffer.from(root);
    let isCommitted = false;
    for await (const kept of records.about(place.position)) {
      isCommitted = true;
      const { record } = kept;
      const tables =
        record.type === 'rowsCommitted'
          ? record.tables
          : record.type === 'tablePurged'
            ? record.after
            : [];
      const list = partsOf(tables);
      const index = list.findIndex(
        (part) =>
          part.table === place.table &&
          part.position === place.position &&
          wanted.equals(part.root),
      );
      if (index >= 0) return { kept, list, index };
    }
    if (!isCommitted) throw notYet();
    throw notFound('No record commits to the rows as they are now. Run strongroom verify --deep.');
  }

  /** What was stored a moment ago is under a checkpoint in a moment: it is waited for. */
  async function soon<T>(run: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await run();
      } catch (error) {
        if (tries >= triesMax || !hasCode(error, 'PROOF_NOT_YET')) throw error;
        await parts.clock.sleep(waitMs);
      }
    }
  }

  const proofs: Proofs = {
    async entry(position) {
      if (position >= journal.next) throw notFound('There is no entry at this position.');
      if (position < journal.first) return proved(position, undefined);
      for await (const entry of journal.read(journalSequence(position), { maxBytes: 1 })) {
        if (entry.sequence !== position || entry.erased === true) break;
        const { time, salt, metadata, payload } = entry;
        const opening = {
          journalId,
          position,
          time,
          salt,
          metadataHash: sha256(metadata),
          payloadHash: sha256(payload),
        };
        return proved(position, { kind: 'entry', opening });
      }
      return proved(position, undefined);
    },

    async row(place) {
      const record = parts.tables.table(place.table);
      if (record === undefined) throw notFound('There is no such table.');
      const { columns } = record.schema;
      const [found, content] = [
        await rows(rowLeaves({ ...place, columns })),
        await rows(rowContent({ ...place, columns })),
      ];
      const rowIndex = found.findIndex(([row]) => Number(row) === place.row);
      const bytes = content[0]?.[0];
      if (rowIndex < 0 || typeof bytes !== 'string') throw notFound('There is no such row.');
      const leaves = found.map(([, leaf]) => fromBase64(String(leaf)));
      const { kept, list, index } = await recordOf(place, rootOf(sha256, leaves));
      const opening = {
        journalId,
        position: kept.position,
        time: kept.time,
        salt: kept.salt,
        payloadHash: sha256(kept.payload),
      };
      return proved(kept.position, {
        kind: 'row',
        opening,
        metadata: kept.metadata,
        part: list[index]!,
        partIndex: index,
        partPath: partPath(sha256, list, index),
        columns: columns.map(({ name, type }) => ({ name, type })),
        row: fromBase64(bytes),
        rowIndex,
        rowPath: rowPath(sha256, leaves, rowIndex),
      });
    },

    async find(name, values) {
      const record = parts.tables.table(name);
      if (record === undefined) throw notFound('There is no such table.');
      const conditions = record.schema.columns.flatMap((each) =>
        Object.hasOwn(values, each.name) ? (equals(each, values[each.name]) ?? []) : [],
      );
      if (!Object.hasOwn(values, 'TimeGenerated') || conditions.length === 0) {
        throw notFound('A row is found by its TimeGenerated and other values.');
      }
      const stored = await host.use((engine) => Promise.resolve(engine.storedTables.has(name)));
      if (!stored) return [];
      const found = await rows(
        print(
          select({
            items: [{ value: call('toString', column('_Position')) }, { value: column('_Row') }],
            from: table(name, databaseName),
            where: and(conditions),
            orderBy: ['_Position', '_Row'].map((by) => ({
              value: column(by),
              direction: 'ASC' as const,
              nulls: 'LAST' as const,
            })),
            limit: 16n,
          }),
        ),
      );
      return found.map(([position, row]) => ({
        table: name,
        position: BigInt(String(position)),
        row: Number(row),
      }));
    },

    async inclusion(index, size) {
      return (await ledger.proveInclusion(index, size)).hashes;
    },

    async consistency(oldSize, newSize) {
      const { checkpoint } = ledger;
      if (checkpoint === undefined || oldSize > checkpoint.size) throw notYet();
      const { size, hashes } = await ledger.proveConsistency(oldSize, newSize ?? checkpoint.size);
      return { oldSize, size, hashes, checkpoint: checkpoint.text };
    },
  };
  return {
    ...proofs,
    entry: (position) => soon(() => proofs.entry(position)),
    row: (place) => soon(() => proofs.row(place)),
  };
}

/** Applying, committing and sealing each take up to a second. */
const triesMax = 20;
const waitMs = 250;

let queries = 0;

/** A cell of a query's answer as a condition; `undefined` where it does not narrow anything. */
function equals(each: ColumnSchema, value: unknown): Expression | undefined {
  const own = column(each.name);
  if (value === null || value === '') {
    return each.type === 'string' || each.type === 'dynamic'
      ? infix('=', own, text(''))
      : call('isNull', own);
  }
  switch (each.type) {
    case 'string':
      return typeof value === 'string' ? infix('=', own, text(value)) : undefined;
    case 'datetime': {
      const ticks = ticksOf(value);
      return ticks === undefined ? undefined : infix('=', own, integer(ticks));
    }
    case 'int':
    case 'long':
      return typeof value === 'number' && Number.isSafeInteger(value)
        ? infix('=', own, integer(value))
        : undefined;
    case 'guid':
      return typeof value === 'string'
        ? infix('=', call('toString', own), text(value.toLowerCase()))
        : undefined;
    default:
      return undefined;
  }
}

/** 100 ns ticks of an ISO time with up to seven digits of a second. */
function ticksOf(value: unknown): bigint | undefined {
  const match =
    typeof value === 'string'
      ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z$/.exec(value)
      : null;
  if (match === null) return undefined;
  const ms = Date.parse(`${match[1]}Z`);
  if (Number.isNaN(ms)) return undefined;
  return (
    BigInt(ms) * ticksPerMillisecond + unixEpochTicks + BigInt((match[2] ?? '').padEnd(7, '0'))
  );
}
