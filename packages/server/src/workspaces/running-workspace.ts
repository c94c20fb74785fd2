import {
  StrongroomError,
  equalBytes,
  fromUtf8,
  isNotFound,
  journalSequence,
  utf8,
} from '@strongroom/base';
import type { Clock, Fs, Random, Sha256, WorkspaceId } from '@strongroom/base';
import type { WorkspaceStatus } from '@strongroom/api';
import type { Engine } from '@strongroom/engine';
import { openCursorFile, openJournal } from '@strongroom/journal';
import type { Appended, Journal, JournalLimits, SegmentKeys } from '@strongroom/journal';
import { openWorkspaceKeys, verifyEd25519 } from '@strongroom/keys';
import type { Ed25519Signer, KeyProvider, SealingKeys } from '@strongroom/keys';
import {
  makeReceipt,
  openLedger,
  partsRoot,
  printHandOverText,
  printNote,
  printVerifierKey,
  signNote,
  verifyEpoch,
} from '@strongroom/ledger';
import type { NoteSigner, VerifierKey } from '@strongroom/ledger';
import type { Statement } from '@strongroom/sql';
import { noteSigners } from '../keys/signing-keys.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import { holdsOf, readBase64 } from '../locks/holds.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { CatalogReader, TableRecord, WorkspaceRecord } from '../catalog/catalog.js';
import { Accounting, utcDay } from './accounting.js';
import type { Refusal } from './accounting.js';
import {
  accountingTable,
  engineOutcomes,
  readNote,
  recoverAccounting,
  storeNote,
} from './accounting-recovery.js';
import type { FlushMark, OutcomeSource } from './accounting-recovery.js';
import { Applier } from './applier.js';
import type { PositionRange, TableWriter } from './applier.js';
import { Committer, engineRows, partsOf } from './committer.js';
import { CurrentKeys } from './current-keys.js';
import type { RowSource } from './committer.js';
import { openDiskKeys } from './disk-keys.js';
import { EngineHost } from './engine-host.js';
import { createErasing } from './erasing.js';
import type { Erasing } from './erasing.js';
import { decodeEntryMetadata, encodeEntryMetadata, fingerprintOf } from './entry.js';
import { keepEpochApprovals, readEpochApprovals, weighEpoch } from './epoch-approval.js';
import type { PendingEpoch } from './epoch-approval.js';
import { keyAway } from './errors.js';
import { Gate } from './gate.js';
import { createKeyWork } from './key-work.js';
import type { KeyWork } from './key-work.js';
import type { WorkspaceErrorCode } from './errors.js';
import type { WorkspaceLimits } from './limits.js';
import { createProofs } from './proofs.js';
import type { Proofs } from './proofs.js';
import { decodeRecord, encodeRecord, isRecordMetadata, serviceActor } from './record.js';
import type {
  KeptRecord,
  LedgerRecord,
  LedgerRecordDraft,
  RecordActor,
  RecordParts,
  TableCommitments,
} from './record.js';
import { RecordStore } from './record-store.js';
import { RetryMemory, replaceFile } from './retry-memory.js';
import { Sealer } from './sealer.js';
import { sealedSegmentKeys, workspaceSegmentKeys } from './segment-keys.js';
import { rebuildTable } from './rebuild.js';
import type { Rebuilt } from './rebuild.js';
import { engineWriter, judge, tableDefinition } from './table-writer.js';
import { TimeMarks } from './time-marks.js';
import type {
  AdmittedBatch,
  AppendedBatch,
  BatchRoute,
  QueryRun,
  RecordedAct,
  StoredTables,
  Workspace,
  WorkspaceQueryOptions,
} from './workspace.js';

/** The origin of a workspace's ledger: first line of its checkpoints, name of its key. */
export const ledgerOrigin = (id: string): string => `strongroom/${id}`;

export interface RunningWorkspaceOptions {
  readonly record: WorkspaceRecord;
  /** The workspace's directory. */
  readonly directory: string;
  readonly catalog: CatalogReader;
  /** Holds the key that the workspace's record is wrapped by. */
  readonly keyProvider: KeyProvider;
  /**
   * Set where that key is away: the workspace takes in what comes, sealed to its public key, seals
   * its ledger, and reads nothing.
   */
  readonly sealing?: SealingKeys;
  /** Signs checkpoints and receipts. */
  readonly signer: Ed25519Signer | SigningKeys;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly log: Log;
  readonly limits: WorkspaceLimits;
  /** The time that pruning goes by; the clock's without it. */
  readonly keepNow?: () => number;
  /** Entries from this position on are not pruned; `undefined`: none is kept for this. */
  readonly pruneBefore?: (id: WorkspaceId) => bigint | undefined;
  readonly journalLimits?: Partial<JournalLimits>;
  /** Where rows go; the workspace's own engine unless a simulation hands in tables of its own. */
  readonly writer?: TableWriter;
  /** Where rows are looked at to commit to them; the engine by default. */
  readonly rows?: RowSource;
  /** What the tables say became of entries; the engine's by default. */
  readonly outcomes?: OutcomeSource;
}

/** Opens keys, journal and ledger, and starts the followers. The engine waits until it is needed. */
export async function openRunningWorkspace(
  options: RunningWorkspaceOptions,
): Promise<RunningWorkspace> {
  const { record, directory, fs, clock, random, sha256, limits } = options;
  const id = record.workspaceId;
  const { sealing } = options;
  const keys =
    sealing === undefined
      ? new CurrentKeys(
          await openWorkspaceKeys({
            provider: options.keyProvider,
            record: record.keyRecord,
            workspaceId: id,
            random,
          }),
        )
      : undefined;
  const segmentKeys = keys === undefined ? sealedSegmentKeys(sealing!) : workspaceSegmentKeys(keys);
  await keepKeyRecord(fs, `${directory}/workspace-key`, record.keyRecord);
  const cursor = await openCursorFile({ path: `${directory}/cursors/applier`, fs });
  const ledger = await openLedger({
    directory: `${directory}/ledger`,
    fs,
    sha256,
    clock,
    origin: ledgerOrigin(id),
    ...noteSigners(options.signer, ledgerOrigin(id)),
    verifySignature: verifyEd25519,
  });
  const journal = await openJournal({
    directory: `${directory}/journal`,
    journalId: id,
    fs,
    clock,
    random,
    keys: segmentKeys,
    ...(options.journalLimits === undefined ? {} : { limits: options.journalLimits }),
    // What was signed was acknowledged: a journal that holds less has lost something.
    atLeast: ledger.size,
  });
  const records = await openRecords(options, segmentKeys);
  const sealed = sealing !== undefined;
  const now = clock.now();
  const recalled = await recall({ journal, directory, fs, sha256, limits, now, sealed });
  const running = new RunningWorkspace(options, {
    keys,
    journal,
    records,
    ledger,
    cursor,
    ...recalled,
  });
  await running.recordEpoch();
  await running.recordHandOvers();
  return running;
}

/**
 * A copy of the wrapped key beside what it opens: a copy of the directory can be verified and restored
 * with the root key, without the catalog.
 */
async function keepKeyRecord(fs: Fs, path: string, record: Uint8Array): Promise<void> {
  if ((await fs.stat(path)) !== undefined && equalBytes(await fs.readFile(path), record)) return;
  await replaceFile(fs, path, record);
}

/** The records that are kept beyond the journal's pruning: a journal of their own. */
async function openRecords(
  options: RunningWorkspaceOptions,
  keys: SegmentKeys,
): Promise<RecordStore> {
  const { record, directory, fs, clock, random } = options;
  const path = `${directory}/records`;
  if ((await fs.stat(path)) === undefined) {
    await fs.makeDirectory(path);
    await fs.syncDirectory(directory);
  }
  const journal = await openJournal({
    directory: path,
    journalId: recordsJournalId(record.workspaceId),
    fs,
    clock,
    random,
    keys,
    ...(options.journalLimits === undefined ? {} : { limits: options.journalLimits }),
  });
  return options.sealing === undefined ? RecordStore.open(journal) : RecordStore.unread(journal);
}

async function readIfThere(fs: Fs, path: string): Promise<string | undefined> {
  try {
    return fromUtf8(await fs.readFile(path));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The id of the journal that keeps a workspace's records. */
export const recordsJournalId = (id: string): string => `${id}/records`;

/** What is kept of the journal in memory: the snapshot, and the entries after it. */
async function recall(options: {
  journal: Journal;
  directory: string;
  fs: Fs;
  sha256: Sha256;
  limits: WorkspaceLimits;
  now: number;
  /** Entries cannot be read: what the snapshot does not know is not recognised. */
  sealed: boolean;
}): Promise<{ marks: TimeMarks; retries: RetryMemory }> {
  const { journal, directory, fs, sha256, limits, now, sealed } = options;
  let marks = new TimeMarks();
  let retries = new RetryMemory(limits.retriesMax);
  try {
    const snapshot = await fs.readFile(`${directory}/cursors/retries`);
    if (!retries.load(snapshot, sha256, marks) || retries.next > journal.next) {
      retries = new RetryMemory(limits.retriesMax);
      marks = new TimeMarks();
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const known = retries.next > journal.first ? journalSequence(retries.next) : journal.first;
  for await (const { time, sequence } of journal.commitments(known, journal.next)) {
    marks.add(time, sequence);
    if (sealed) retries.add(sequence, undefined);
  }
  if (sealed) return { marks, retries };
  const windowStart = marks.firstAfter(now - limits.retryWindowMs) ?? journal.next;
  const from = windowStart > known ? windowStart : known;
  for await (const { sequence, metadata, lost } of journal.read(journalSequence(from))) {
    const { fingerprint } =
      lost === true || isRecordMetadata(metadata) ? {} : decodeEntryMetadata(metadata);
    retries.add(sequence, fingerprint);
  }
  retries.forgetBelow(windowStart);
  return { marks, retries };
}

interface Parts {
  /** Undefined while the key is away. */
  readonly keys: CurrentKeys | undefined;
  readonly journal: Journal;
  readonly records: RecordStore;
  readonly ledger: Awaited<ReturnType<typeof openLedger>>;
  readonly cursor: Awaited<ReturnType<typeof openCursorFile>>;
  readonly marks: TimeMarks;
  readonly retries: RetryMemory;
}

/** A {@link Workspace} with its followers running. */
export class RunningWorkspace implements Workspace {
  readonly id: WorkspaceId;
  readonly proofs: Proofs;
  readonly erasing: Erasing;
  readonly #options: RunningWorkspaceOptions;
  readonly #parts: Parts;
  readonly #accounting: Accounting;
  /** What an earlier run left. */
  readonly #opened: { readonly next: bigint; readonly applied: bigint };
  readonly #engine: EngineHost;
  readonly #applier: Applier;
  readonly #committer: Committer;
  readonly #sealer: Sealer;
  readonly #stop = new AbortController();
  /** Inserts pass it; a rewrite of tables shuts it. */
  readonly #inserts = new Gate();
  /** Undefined while the key is away. */
  readonly keyWork: KeyWork | undefined;
  /** Requests whose append is under way, by fingerprint. */
  readonly #appending = new Map<string, Promise<AppendedBatch>>();
  readonly #upkeep: Promise<void>[];
  #retriesSaved: bigint;
  #bytesSinceSave = 0;
  #closing: Promise<void> | undefined;
  #saving: Promise<void> | undefined;

  constructor(options: RunningWorkspaceOptions, parts: Parts) {
    const { record, catalog, clock, log, limits, sha256 } = options;
    this.id = record.workspaceId;
    this.#options = options;
    this.#parts = parts;
    this.#retriesSaved = parts.retries.next;
    this.#accounting = new Accounting(limits.accountingKeysMax, true);
    const alarm = (code: string): void => this.#alarm(code);
    this.#engine = new EngineHost({
      workspaceId: this.id,
      directory: `${options.directory}/engine`,
      keyAway: parts.keys === undefined,
      diskKeys: () =>
        openDiskKeys({
          path: `${options.directory}/engine-keys`,
          fs: options.fs,
          keys: this.#keys(),
        }),
      clock,
      log,
      limits,
      onDamaged: (tables) => {
        for (const table of tables) this.#rebuildSoon(table);
      },
    });
    this.#applier = new Applier({
      journal: parts.journal,
      cursor: parts.cursor,
      writer: gated(
        this.#inserts,
        options.writer ?? engineWriter({ engine: this.#engine, workspaceId: this.id }),
      ),
      tables: { table: (name) => catalog.table(this.id, name) },
      records: parts.records,
      onApplied: (range) => this.#committer.note(range),
      accounting: this.#accounting,
      sha256,
      clock,
      log,
      limits,
      judge,
      alarm,
    });
    this.#opened = { next: parts.journal.next, applied: this.#applier.durable };
    this.#committer = new Committer({
      rows: options.rows ?? engineRows(this.#engine),
      tables: { table: (name) => catalog.table(this.id, name) },
      append: (draft, parts) => this.#appendRecord(draft, parts),
      committed: () => this.#applier.committed,
      applied: () => this.#applier.applied,
      since: parts.journal.next,
      alarm,
      recordsBetween: (range) => this.#recordsBetween(range),
      sha256,
      clock,
      log,
      limits,
    });
    this.proofs = createProofs({
      host: this.#engine,
      journal: parts.journal,
      ledger: parts.ledger,
      records: parts.records,
      tables: { table: (name) => catalog.table(this.id, name) },
      journalId: this.id,
      sha256,
      clock,
    });
    this.#sealer = new Sealer({
      journal: parts.journal,
      ledger: parts.ledger,
      clock,
      log,
      limits,
      alarm,
    });
    this.erasing = createErasing({
      engine: this.#engine,
      journal: parts.journal,
      // What the cursor does not say durably would be applied again, from the journal.
      applied: () => this.#applier.durable,
      workspaceId: this.id,
      clock,
    });
    this.keyWork =
      parts.keys === undefined
        ? undefined
        : createKeyWork({
            workspaceId: this.id,
            directory: options.directory,
            keys: parts.keys,
            journal: parts.journal,
            records: parts.records,
            engine: this.#engine,
            withTablesStill: (run) => this.#committer.exclusively(() => this.#inserts.alone(run)),
            fs: options.fs,
            clock,
            random: options.random,
          });
    if (!this.sealed) {
      if (parts.records.last < this.#applier.kept) alarm('RECORDS_DAMAGED');
      this.#applier.start();
      this.#committer.start();
    }
    this.#sealer.start();
    this.#upkeep = [
      this.#every(limits.accountingNoteMs, async () => {
        // Where it cannot be read now (a key is away), the next time.
        if (!this.#accountingKnown) await this.#recoverAccounting().catch(() => undefined);
        // Not beside a flush: what it took is in no rows yet, and would be in no note.
        const noted = this.#booking.then(() => this.#noteAccounting());
        this.#booking = noted.catch(() => undefined);
        await noted;
      }),
      this.#every(limits.accountingIntervalMs, () => this.#flushAccounting()),
      this.#every(this.sealed ? limits.sealedRetrySaveMs : limits.retrySaveMs, async () =>
        this.#saveSoon(),
      ),
      this.#every(limits.pruneIntervalMs, () => this.#prune()),
    ];
  }

  /** True while the workspace's key is away. */
  get sealed(): boolean {
    return this.#parts.keys === undefined;
  }

  #keys(): CurrentKeys {
    const { keys } = this.#parts;
    if (keys === undefined) throw keyAway();
    return keys;
  }

  async append(batch: AdmittedBatch): Promise<AppendedBatch> {
    this.#refuseClosed();
    const { route, source, rows, rowCount } = batch;
    const way = {
      stream: route.stream,
      table: route.table,
      rule: route.ruleImmutableId ?? '',
      source,
    };
    // Booked once it is ours: what the journal does not take is booked by the door, as refused.
    const appended = await this.#appendOnce(batch);
    if (appended.repeated) {
      this.#accounting.countAlone(way, {
        BatchesReceived: 1,
        RowsReceived: rowCount,
        BytesReceived: rows.length,
        BatchesRepeated: 1,
        RowsRepeated: rowCount,
      });
    }
    return appended;
  }

  /** Appends a batch, or finds the one that it is a retry of. */
  async #appendOnce(batch: AdmittedBatch): Promise<AppendedBatch> {
    const { route, source, rows, shape, rowCount, retry } = batch;
    const fingerprint =
      retry === undefined ? undefined : fingerprintOf(this.#options.sha256, { retry, route, rows });
    if (fingerprint === undefined) {
      this.#refuseOverQuota(rows.length);
      return this.#appendNew({ route, source, shape, rowCount }, rows);
    }
    const key = Buffer.from(fingerprint).toString('latin1');
    // The first attempt may still be on its way to the disk when the second one arrives.
    const known = this.#parts.retries.find(fingerprint);
    const earlier = known === undefined ? this.#appending.get(key) : this.#receiptAgain(known);
    if (earlier !== undefined) return { ...(await earlier), repeated: true };
    this.#refuseOverQuota(rows.length);
    const fresh = this.#appendNew({ route, source, shape, rowCount, fingerprint }, rows);
    this.#appending.set(key, fresh);
    try {
      return await fresh;
    } finally {
      this.#appending.delete(key);
    }
  }

  /** Throws where the day has brought as much as the workspace takes. */
  #refuseOverQuota(bytes: number): void {
    const { catalog, clock } = this.#options;
    const quota = catalog.workspace(this.id)?.dailyQuotaBytes;
    if (quota === undefined) return;
    const day = utcDay(clock.now());
    if (this.#accounting.usedOn(day) + bytes <= quota) return;
    if (this.#overQuotaDay !== day) {
      this.#overQuotaDay = day;
      this.#alarm('OVER_QUOTA');
    }
    throw new StrongroomError<WorkspaceErrorCode>(
      'WORKSPACE_OVER_QUOTA',
      "The workspace's daily quota is used up.",
    );
  }

  async appendAudit(table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#appendOwn(table, [row]);
  }

  async record(draft: LedgerRecordDraft): Promise<RecordedAct> {
    return this.#appendRecord(draft);
  }

  get committed(): bigint {
    return this.#committer.committed;
  }

  changeRows<T>(run: () => Promise<T>): Promise<T> {
    this.#refuseClosed();
    this.#keys();
    return this.#committer.exclusively(run);
  }

  /**
   * Runs while nothing changes in the tables and no process has the engine's files. What comes in is
   * taken up meanwhile; queries wait.
   */
  async whileStill(run: () => Promise<void>): Promise<void> {
    if (this.#parts.keys === undefined) return run();
    return this.changeRows(() => this.#engine.reopen(run));
  }

  rowCommitments(table: string, range: PositionRange): Promise<TableCommitments[]> {
    this.#refuseClosed();
    return this.#committer.commitments(table, range);
  }

  async *records(): AsyncGenerator<KeptRecord> {
    this.#refuseClosed();
    this.#keys();
    const { records, journal } = this.#parts;
    let next = 0n;
    for await (const kept of records.read()) {
      next = kept.position + 1n;
      yield kept;
    }
    // What is not applied yet is in the journal alone.
    for (const known of [this.#applier.durable, journal.first]) if (known > next) next = known;
    if (next >= journal.next) return;
    for await (const { sequence: position, ...entry } of journal.read(journalSequence(next))) {
      if (entry.lost === true || !isRecordMetadata(entry.metadata)) continue;
      const { time, salt, metadata, payload } = entry;
      yield { position, time, salt, metadata, payload, record: decodeRecord(entry).record };
    }
  }

  async *recordsFrom(position: bigint): AsyncGenerator<KeptRecord> {
    this.#refuseClosed();
    this.#keys();
    yield* this.#parts.records.readFrom(position);
  }

  async #recordsBetween({ from, to }: PositionRange): Promise<bigint[]> {
    const found: bigint[] = [];
    for await (const { position, record } of this.#parts.records.read()) {
      if (position < from || position >= to || record.type === 'rowsCommitted') continue;
      found.push(position);
    }
    return found;
  }

  /** The applier and the retries learn of it as of every entry: by its position. */
  async #appendRecord(draft: LedgerRecordDraft, parts?: RecordParts): Promise<RecordedAct> {
    this.#refuseClosed();
    const time = new Date(this.#options.clock.now()).toISOString();
    const entry = encodeRecord(
      { ...draft, time },
      parts ?? partsOfPurge(this.#options.sha256, draft),
    );
    const appended = await this.#parts.journal.append(entry, { reserve: true });
    this.#sealer.note(appended);
    this.#parts.marks.add(appended.time, appended.sequence);
    this.#parts.retries.add(appended.sequence, undefined);
    return { sequence: appended.sequence, receipt: await this.#receipt(appended) };
  }

  query(statement: Statement, options: WorkspaceQueryOptions): QueryRun {
    this.#refuseClosed();
    const { catalog } = this.#options;
    const tables = options.tables.flatMap((name) => catalog.table(this.id, name) ?? []);
    return runQuery(this.#engine, { statement, options, tables });
  }

  async storedTables(): Promise<StoredTables> {
    this.#refuseClosed();
    return this.#engine.use((engine) => Promise.resolve(engine.storedTables));
  }

  countRefused(refusal: Refusal): void {
    const { stream, rule, source, reason, bytes } = refusal;
    this.#accounting.countAlone(
      { stream, table: '', rule, source, reason },
      { BatchesReceived: 1, BytesReceived: bytes, BatchesRefused: 1, BytesRefused: bytes },
    );
  }

  async signNote(text: string): Promise<string> {
    return printNote(await signNote(this.#options.sha256, text, this.#parts.ledger.signer));
  }

  get verifierKey(): string {
    return this.#parts.ledger.verifierKey;
  }

  get verifierKeys(): readonly VerifierKey[] {
    return this.#parts.ledger.keys;
  }

  get handOvers(): string {
    return printHandOverText(this.#options.sha256, this.#parts.ledger.handOvers);
  }

  /** Replaces the key that signs and puts it on record; nothing where it was that key already. */
  async handOver(to: NoteSigner, by: RecordActor): Promise<void> {
    const { ledger } = this.#parts;
    const from = ledger.verifierKey;
    await ledger.handOver(to);
    if (ledger.verifierKey === from) return;
    await this.recordHandOvers(by);
  }

  /** Puts replaced signing keys on record, each once; the new key signs that record's tree. */
  async recordHandOvers(by: RecordActor = serviceActor): Promise<void> {
    const { handOvers, keys } = this.#parts.ledger;
    if (this.sealed || handOvers.length === 0) return;
    const known = new Set<string>();
    for await (const { record } of this.records()) {
      if (record.type === 'keyRotated' && record.newKeyId !== undefined) known.add(record.newKeyId);
    }
    const names = keys.map((key) => printVerifierKey(this.#options.sha256, key)).toReversed();
    for (const [at, newKeyId] of names.entries()) {
      const keyId = names[at - 1];
      if (keyId === undefined || known.has(newKeyId)) continue;
      await this.record({ type: 'keyRotated', actor: by, purpose: 'checkpoint', keyId, newKeyId });
    }
  }

  async epoch(): Promise<string | undefined> {
    return this.#epoch;
  }

  get pendingEpoch(): PendingEpoch | undefined {
    return this.#pendingEpoch;
  }

  /** The statement beside the ledger, once it is approved and on record: only then is it shown. */
  #epoch: string | undefined;
  #pendingEpoch: PendingEpoch | undefined;

  async approveEpoch(signature: string): Promise<boolean> {
    const { fs, directory } = this.#options;
    const pending = this.#pendingEpoch;
    if (pending === undefined) return false;
    const isApprover = pending.holds.some(({ approvers }) =>
      approvers.some(({ publicKey }) => {
        const [key, bytes] = [readBase64(publicKey, 32), readBase64(signature, 64)];
        const message = utf8(pending.approvalStatement);
        return key !== undefined && bytes !== undefined && verifyEd25519(key, message, bytes);
      }),
    );
    if (!isApprover) return false;
    const known = await readEpochApprovals(fs, `${directory}/ledger`);
    if (!known.includes(signature)) {
      await keepEpochApprovals(fs, `${directory}/ledger`, [...known, signature]);
    }
    await this.recordEpoch();
    return true;
  }

  /**
   * Puts a restore to an earlier point on record, once. Where holds stand it needs as many of their
   * approvers as lifting them does; until then agents and clients are not shown it, and refuse.
   */
  async recordEpoch(): Promise<void> {
    const { sha256, fs, directory } = this.#options;
    const statement = this.sealed ? undefined : await readIfThere(fs, `${directory}/ledger/epoch`);
    if (statement === undefined) return;
    const { ledger } = this.#parts;
    const verdict = await verifyEpoch(statement, {
      sha256,
      verifySignature: verifyEd25519,
      keys: ledger.keys,
      origin: ledger.origin,
    });
    if (!verdict.ok) return this.#alarm('LEDGER_EPOCH_INVALID');
    const { number, reason, kept } = verdict.value;
    const epoch = Number(number);
    const records: LedgerRecord[] = [];
    for await (const { record } of this.records()) {
      if (record.type === 'epochOpened' && record.epoch >= epoch) {
        this.#epoch = statement;
        return;
      }
      if (record.type === 'holdPlaced' || record.type === 'holdLifted') records.push(record);
    }
    const { pending, approvals } = weighEpoch(this.id, verdict.value, {
      holds: [...holdsOf(this.id, records).values()],
      signatures: await readEpochApprovals(fs, `${directory}/ledger`),
    });
    this.#pendingEpoch = pending;
    if (pending !== undefined) return this.#alarm('LEDGER_EPOCH_UNAPPROVED');
    const actor = { kind: 'Service', id: 'strongroom' } as const;
    await this.record({
      type: 'epochOpened',
      actor,
      ...(approvals.length === 0 ? {} : { approvals }),
      reason,
      epoch,
      kept: kept.text,
      statement,
    });
    this.#epoch = statement;
  }

  checkpoint(): string | undefined {
    return this.#sealer.checkpoint?.text;
  }

  checkpointTime(): number | undefined {
    return this.#sealer.checkpoint?.time;
  }

  status(): WorkspaceStatus {
    return {
      workspaceId: this.id,
      name: this.#options.record.name,
      journalNext: this.#parts.journal.next.toString(),
      applied: this.#applier.applied.toString(),
      sealed: this.#sealer.sealed.toString(),
      engine: this.#engine.state,
    };
  }

  /**
   * Puts back what a closed table lost, from the journal, and opens it again where nothing is missing or
   * `acceptLoss` says that what is missing is given up. Both are on record.
   */
  async rebuildTable(
    name: string,
    options: { readonly acceptLoss: boolean; readonly by: RecordActor },
  ): Promise<Rebuilt & { readonly open: boolean }> {
    this.#refuseClosed();
    const { catalog, sha256 } = this.#options;
    const tables = { table: (each: string) => catalog.table(this.id, each) };
    const table = tables.table(name);
    if (table === undefined) {
      throw new StrongroomError<WorkspaceErrorCode>(
        'TABLE_NOT_FOUND',
        `There is no table ${name}.`,
      );
    }
    const work = (engine: Engine) => async (): Promise<Rebuilt & { readonly open: boolean }> => {
      if (!engine.damagedTables.has(name)) {
        return { table: name, entries: 0, rows: 0, lost: [], open: true };
      }
      const rebuilt = await rebuildTable({
        workspaceId: this.id,
        engine,
        table,
        tables,
        journal: this.#parts.journal,
        records: this.records(),
        applied: this.#applier.applied,
        sha256,
        goOn: () => this.#refuseClosing(),
      });
      const open = rebuilt.lost.length === 0 || options.acceptLoss;
      if (open) {
        // Before: a crash between the two does it again, and says so again.
        await this.record({
          type: 'tableRewritten',
          actor: options.by,
          table: name,
          why: `rebuilt from the journal: ${saidOf(rebuilt)}`,
        });
        await engine.reopenTable(name);
      }
      return { ...rebuilt, open };
    };
    return this.#engine.use((engine) =>
      this.#committer.still(() => this.#inserts.alone(work(engine))),
    );
  }

  readonly #rebuilding = new Map<string, Promise<void>>();

  /** A closed table is made whole by itself where the journal holds what it lost. */
  #rebuildSoon(name: string): void {
    if (this.#rebuilding.has(name) || this.#closing !== undefined) return;
    this.#alarm('TABLE_CLOSED', `${name}: ${alarmTexts['TABLE_CLOSED']}`);
    const work = this.rebuildTable(name, { acceptLoss: false, by: serviceActor }).then(
      (rebuilt) => {
        this.#alarm(
          rebuilt.open ? 'TABLE_REBUILT' : 'TABLE_LOST_ROWS',
          `${name}: ${saidOf(rebuilt)}. ${alarmTexts[rebuilt.open ? 'TABLE_REBUILT' : 'TABLE_LOST_ROWS']}`,
        );
      },
      (error: unknown) => {
        this.#options.log.warn('a table was not rebuilt', { table: name, ...errorFields(error) });
      },
    );
    this.#rebuilding.set(
      name,
      work.finally(() => this.#rebuilding.delete(name)),
    );
  }

  #refuseClosing(): void {
    if (this.#closing === undefined) return;
    throw new StrongroomError<WorkspaceErrorCode>('WORKSPACE_CLOSED', 'The workspace is closed.');
  }

  async dropTable(name: string): Promise<void> {
    await this.#engine.use((engine) => engine.dropTable(name));
  }

  /**
   * Stops the followers and the engine, then lets go of journal, ledger and keys. `revoked`: the
   * engine first, whatever others still want of it.
   */
  close(why: { revoked?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(why.revoked === true);
    return this.#closing;
  }

  async #close(revoked: boolean): Promise<void> {
    if (revoked) await this.#engine.close();
    // While the engine is there: what is not committed to now opens it again at the next start.
    if (!this.sealed) await this.#committer.close();
    const applied = this.#applier.close();
    await this.#engine.close();
    await applied;
    // Nothing is applied any more: what is counted now is complete.
    await this.#flushAccounting().catch((error: unknown) => {
      this.#options.log.warn('accounting was not written', errorFields(error));
    });
    this.#stop.abort(new Error('closing'));
    await Promise.all(this.#upkeep);
    await this.#saving;
    await this.#saveRetries().catch(() => undefined);
    await this.#sealer.close();
    await this.#parts.journal.close();
    await this.#parts.records.close();
    this.#parts.keys?.close();
  }

  async #appendNew(
    metadata: Parameters<typeof encodeEntryMetadata>[0],
    payload: Uint8Array,
    options: { reserve?: boolean } = {},
  ): Promise<AppendedBatch> {
    const appended = await this.#parts.journal.append(
      { metadata: encodeEntryMetadata(metadata), payload },
      options,
    );
    const { limits } = this.#options;
    const { route, source, rowCount } = metadata;
    // In the order of positions, before anything else is waited for: the counters say how far they go.
    this.#accounting.countReceived(
      appended.sequence,
      source.kind === 'Service'
        ? undefined
        : { stream: route.stream, table: route.table, rule: route.ruleImmutableId ?? '', source },
      { BatchesReceived: 1, RowsReceived: rowCount, BytesReceived: payload.length },
    );
    if (source.kind !== 'Service') this.#accounting.use(utcDay(appended.time), payload.length);
    this.#sealer.note(appended);
    // While the key is away nothing readable is kept, in memory either.
    if (!this.sealed) this.#applier.note({ entry: { ...appended, payload }, metadata });
    this.#parts.marks.add(appended.time, appended.sequence);
    this.#parts.retries.add(appended.sequence, metadata.fingerprint);
    this.#bytesSinceSave += payload.length;
    if (this.#bytesSinceSave >= limits.retrySaveBytes) this.#saveSoon();
    return { sequence: appended.sequence, receipt: await this.#receipt(appended), repeated: false };
  }

  #receipt({ sequence, commitment, time }: Appended): Promise<string> {
    const { signer, origin } = this.#parts.ledger;
    const entry = { origin, position: sequence, commitment, time };
    return makeReceipt(this.#options.sha256, entry, signer);
  }

  /** The receipt of an entry that is there already. */
  async #receiptAgain(position: bigint): Promise<AppendedBatch> {
    const from = journalSequence(position);
    const to = journalSequence(position + 1n);
    for await (const appended of this.#parts.journal.commitments(from, to)) {
      return {
        sequence: appended.sequence,
        receipt: await this.#receipt(appended),
        repeated: true,
      };
    }
    throw new StrongroomError<WorkspaceErrorCode>('ENTRY_UNREADABLE', 'The earlier entry is gone.');
  }

  /** Rows of our own tables: audit, accounting, alarms. */
  async #appendOwn(
    tableName: string,
    rows: readonly Readonly<Record<string, unknown>>[],
  ): Promise<bigint> {
    this.#refuseClosed();
    const table = this.#options.catalog.table(this.id, tableName);
    if (table === undefined) {
      throw new StrongroomError<WorkspaceErrorCode>(
        'TABLE_NOT_FOUND',
        `There is no table ${tableName}.`,
      );
    }
    const route: BatchRoute = {
      stream: tableName,
      table: tableName,
      columns: table.schema.columns,
    };
    const { sequence } = await this.#appendNew(
      {
        route,
        source: { kind: 'Service', id: 'strongroom' },
        shape: 'ndjson',
        rowCount: rows.length,
      },
      utf8(`${rows.map(printRow).join('\n')}\n`),
      { reserve: true },
    );
    return sequence;
  }

  /** A row in `Operation`, where the workspace's own people look. */
  #alarm(code: string, detail = alarmTexts[code] ?? code): void {
    const row = {
      TimeGenerated: new Date(this.#options.clock.now()).toISOString(),
      OperationCategory: 'Data Collection Status',
      OperationKey: code,
      OperationStatus: 'Error',
      Solution: 'Strongroom',
      Detail: detail,
      SourceSystem: 'Strongroom',
    };
    this.#options.log.error('alarm', { workspace: this.id, code });
    this.#appendOwn('Operation', [row]).catch((error: unknown) => {
      this.#options.log.error('alarm was not recorded', { code, ...errorFields(error) });
    });
  }

  #accountingStart: string | undefined;
  #flushed: FlushMark = { flush: 0n, appliedTo: 0n };
  #overQuotaDay = -1;
  #accountingKnown = false;
  #noted = { version: 0, flush: -1n };
  #recovering: Promise<void> | undefined;
  /** The flush or the note that is being written, and those that wait for it. */
  #booking: Promise<unknown> = Promise.resolve();

  /** One after the other: a flush that fails puts back what a later one would say it has. */
  #flushAccounting(): Promise<void> {
    const flushed = this.#booking.then(() => this.#writeAccounting());
    this.#booking = flushed.catch(() => undefined);
    return flushed;
  }

  async #writeAccounting(): Promise<void> {
    if (!this.#stop.signal.aborted && this.#closing === undefined) await this.#recoverAccounting();
    // What is not written now is counted anew by the next start.
    if (!this.#accountingKnown) return;
    const end = new Date(this.#options.clock.now()).toISOString();
    const period = { start: this.#accountingStart ?? end, end };
    const appliedTo = this.#applier.applied;
    const taken = this.#accounting.take(period, appliedTo);
    this.#accountingStart = end;
    if (taken.rows.length === 0) return;
    try {
      this.#flushed = { flush: await this.#appendOwn(accountingTable, taken.rows), appliedTo };
    } catch (error) {
      this.#accounting.putBack(taken);
      throw error;
    }
    await this.#noteAccounting();
  }

  /** Counts what an earlier run left uncounted; once. */
  #recoverAccounting(): Promise<void> {
    this.#recovering ??= this.#countLeft().catch((error: unknown) => {
      this.#recovering = undefined;
      throw error;
    });
    return this.#recovering;
  }

  /** Rows of a statement over one table. */
  async #ask(table: string, statement: Statement): Promise<readonly (readonly unknown[])[]> {
    const run = this.query(statement, {
      tables: [table],
      maxSeconds: 600,
      maxMemoryBytes: 1_000_000_000,
      signal: this.#stop.signal,
      queryId: this.#options.random.uuid(),
    });
    let text = '';
    for await (const chunk of run) text += fromUtf8(chunk);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown[]);
  }

  async #countLeft(): Promise<void> {
    const { directory, catalog } = this.#options;
    const note = await readNote(this.#options, `${directory}/cursors/accounting`);
    this.#flushed = await recoverAccounting({
      journal: this.#parts.journal,
      accounting: this.#accounting,
      next: this.#opened.next,
      applied: this.#opened.applied,
      note,
      isTable: (name) => catalog.table(this.id, name) !== undefined,
      outcomes:
        this.#options.outcomes ?? engineOutcomes((table, statement) => this.#ask(table, statement)),
    });
    this.#accountingKnown = true;
  }

  /** Keeps what has no entry of its own, where it changed. */
  async #noteAccounting(): Promise<void> {
    if (!this.#accountingKnown) return;
    const { directory } = this.#options;
    const { version, counters } = this.#accounting.alone;
    const { flush, appliedTo } = this.#flushed;
    if (version === this.#noted.version && flush === this.#noted.flush) return;
    const { usage } = this.#accounting;
    await storeNote(this.#options, `${directory}/cursors/accounting`, {
      flush,
      appliedTo,
      counters,
      usage,
    });
    this.#noted = { version, flush };
  }

  /** So much was written that reading it again would make the next start slow. */
  #saveSoon(): void {
    this.#bytesSinceSave = 0;
    this.#saving ??= this.#saveRetries()
      .catch((error: unknown) => {
        this.#options.log.warn('requests were not saved', errorFields(error));
      })
      .finally(() => (this.#saving = undefined));
  }

  async #saveRetries(): Promise<void> {
    const { retries, marks } = this.#parts;
    const { fs, sha256, clock, limits, directory } = this.#options;
    if (retries.next === this.#retriesSaved) return;
    this.#bytesSinceSave = 0;
    const windowStart = marks.firstAfter(clock.now() - limits.retryWindowMs);
    if (windowStart !== undefined) retries.forgetBelow(windowStart);
    const { next } = retries;
    await replaceFile(fs, `${directory}/cursors/retries`, retries.encode(sha256, marks));
    this.#retriesSaved = next;
  }

  /** Drops segments that are applied, sealed and older than what is kept. */
  async #prune(): Promise<void> {
    const { marks, journal } = this.#parts;
    const { clock, limits, keepNow = () => clock.now() } = this.#options;
    // What recognises a retry is rebuilt from the journal, so the window is kept at the least.
    const oldest = keepNow() - Math.max(limits.journalKeepMs, limits.retryWindowMs);
    const kept = marks.firstAfter(oldest) ?? journal.next;
    const before = [
      kept,
      this.#options.pruneBefore?.(this.id) ?? kept,
      this.#applier.durable,
      this.#applier.durablyCommitted,
      this.#sealer.sealed,
    ].reduce((a, b) => (a < b ? a : b));
    if (before > journal.first) await journal.prune(journalSequence(before));
    marks.forgetBefore(oldest);
  }

  async #every(intervalMs: number, run: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await clock.sleep(intervalMs, signal);
        await run();
      } catch (error) {
        if (signal.aborted) return;
        log.warn('upkeep failed', { workspace: this.id, ...errorFields(error) });
      }
    }
  }

  #refuseClosed(): void {
    if (!this.#stop.signal.aborted) return;
    throw new StrongroomError<WorkspaceErrorCode>('WORKSPACE_CLOSED', 'The workspace is closed.');
  }
}

/** What a purge left is committed to like what was stored: one part can be shown alone. */
function partsOfPurge(sha256: Sha256, draft: LedgerRecordDraft): RecordParts | undefined {
  if (draft.type !== 'tablePurged') return undefined;
  const parts = partsOf(draft.after);
  return parts.length === 0 ? undefined : { count: parts.length, root: partsRoot(sha256, parts) };
}

/** One line of JSON. Text from outside may hold lone surrogates, which are no Unicode text. */
const printRow = (row: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'string' && /[\ud800-\udfff]/.test(value) ? fromUtf8(utf8(value)) : value,
  );

/** What came of a rebuild, in a sentence without its end. */
function saidOf({ entries, rows, lost }: Rebuilt): string {
  const back = `${rows} rows of ${entries} entries were put back`;
  const [first, last] = [lost[0], lost.at(-1)];
  if (first === undefined || last === undefined) return back;
  const gone = lost.reduce((sum, each) => sum + each.rows, 0);
  return `${back}; ${gone} rows of ${lost.length} entries are lost (positions ${first.position} to ${last.position}: ${first.why})`;
}

const alarmTexts: Readonly<Record<string, string>> = {
  TABLE_CLOSED:
    'Stored data of the table is damaged. It is closed, and is being rebuilt from the journal.',
  TABLE_REBUILT: 'The table is whole and open again.',
  TABLE_LOST_ROWS:
    'The table stays closed. Restore the workspace from a backup, or give these rows up: strongroom table rebuild.',
  OVER_QUOTA: 'The daily quota is used up. What comes until midnight UTC is refused.',
  BATCH_REFUSED: 'The engine refused a batch. Its rows are in IngestionErrors as one record.',
  ENTRY_UNREADABLE: 'An entry of the journal cannot be read. Applying stopped.',
  ROWS_UNCOMMITTED:
    'A table holds more rows of an entry than came with it. Nothing more is committed to.',
  RECORDS_DAMAGED: 'Records that were kept are missing from the records directory.',
  ENTRIES_LOST:
    'The journal was repaired: entries that damage took before they were applied are lost. IngestionAccounting counts them with the reason JOURNAL_DAMAGED.',
  JOURNAL_CORRUPT: 'The journal is damaged. What lies before the damage is applied and sealed.',
  LEDGER_EPOCH_INVALID: 'The statement of a restore is not signed by the ledger’s key.',
  LEDGER_FORK: 'The ledger holds another entry at a position of the journal. Sealing stopped.',
  LEDGER_TILE_DAMAGED: 'A tile of the ledger is damaged. Sealing stopped.',
  LEDGER_CHECKPOINT_INVALID: "The ledger's checkpoint is not signed by its key. Sealing stopped.",
};

/** Rows of a query, with the engine held as long as they are read. */
function runQuery(
  host: EngineHost,
  query: { statement: Statement; options: WorkspaceQueryOptions; tables: readonly TableRecord[] },
): QueryRun {
  const { statement, options, tables } = query;
  let statistics: QueryRun['statistics'];
  async function* rows(): AsyncGenerator<Uint8Array> {
    const { engine, release } = await host.acquire();
    try {
      await engine.ensureTables(tables.map(tableDefinition));
      const run = engine.query(statement, {
        maxSeconds: options.maxSeconds,
        maxMemoryBytes: options.maxMemoryBytes,
        signal: options.signal,
        queryId: options.queryId,
        ...(options.settings === undefined ? {} : { settings: options.settings }),
      });
      yield* run;
      ({ statistics } = run);
      host.succeeded();
    } finally {
      release();
    }
  }
  return {
    [Symbol.asyncIterator]: rows,
    get statistics() {
      return statistics;
    },
  };
}

/** A writer whose inserts pass a gate. */
const gated = (gate: Gate, writer: TableWriter): TableWriter => ({
  // In no table yet, so nothing that a rewrite could lose.
  stage: (entries) => writer.stage(entries),
  insert: (batch) => gate.pass(() => writer.insert(batch)),
  countRange: (table, range) => gate.pass(() => writer.countRange(table, range)),
  deleteRange: (table, range) => gate.pass(() => writer.deleteRange(table, range)),
});
