import { StrongroomError, principalId as readPrincipalId } from '@strongroom/base';
import type { Clock, WorkspaceId } from '@strongroom/base';
import type { Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit.js';
import type { CatalogWriter, Catalog } from '../catalog/open-catalog.js';
import type {
  Json,
  JsonObject,
  StoredErasure,
  StoredTable,
  StoredWorkspace,
} from '../catalog/records.js';
import { textOf } from '../catalog/rule-properties.js';
import type { Snapshot } from '../catalog/snapshot.js';
import { HttpError } from '../http/errors.js';
import { restoreHolds } from '../locks/holds.js';
import { assertNone } from '../locks/locks.js';
import type { LockedAct } from '../locks/locks.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { TrustedClock } from '../retention/trusted-clock.js';
import { actorOf } from '../arm/record.js';
import type { TableRecord } from '../catalog/catalog.js';
import { serviceActor } from '../workspaces/record.js';
import type { RowCommitment, TableCommitments } from '../workspaces/record.js';
import { ledgerOrigin } from '../workspaces/running-workspace.js';
import type { Workspace, Workspaces } from '../workspaces/workspace.js';
import { deadLetterTable } from '../workspaces/applier.js';
import { certificateText } from './certificate.js';
import { lettersOf } from './filters.js';
import { purgeLimits } from './limits.js';

/**
 * Purges and deletions, from the request to the certificate: docs/erasure.md.
 *
 * An erasure waits, and can be called off while it does. When its time has come by the trusted clock,
 * and nothing stands against it, it runs in steps; each is kept when it is done, and can be done again,
 * so that a crash anywhere only makes it start over a step.
 */
export interface Erasures {
  /**
   * Takes a request on record. `alongside` is written in the same change of the catalog. Throws 409
   * where a lock or hold stands against it. Where there is nothing to wait for, it has run when this
   * resolves, or is tried again soon.
   */
  request(draft: ErasureDraft): Promise<StoredErasure>;
  /** Calls one off that waits; 409 where it does not wait any more. */
  cancel(erasure: StoredErasure, by: Principal): Promise<StoredErasure>;
  /** Cuts a deleted workspace's wait to what a forced deletion has. */
  hasten(id: WorkspaceId): Promise<void>;
  /** Calls a workspace's deletion off, as part of the change that brings it back. */
  callOffIn(write: CatalogWriter, snapshot: Snapshot, id: WorkspaceId): Promise<void>;
  /** Runs what is due. */
  runDue(): Promise<void>;
  /** How long a request of this kind waits. */
  readonly waitMs: number;
  readonly softDeleteMs: number;
  close(): Promise<void>;
}

export interface ErasureDraft {
  readonly id: string;
  readonly kind: StoredErasure['kind'];
  readonly workspace: StoredWorkspace;
  readonly table: string;
  readonly request: JsonObject;
  readonly waitMs: number;
  readonly by: Principal;
  readonly correlationId: string;
  readonly alongside?: (write: CatalogWriter, snapshot: Snapshot) => Promise<void>;
}

export interface ErasuresOptions {
  readonly catalog: Catalog;
  readonly workspaces: Workspaces;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly trusted: Pick<TrustedClock, 'now'>;
  readonly log: Log;
  /** Signs what outlives the workspace. */
  readonly signAsService: (text: string) => Promise<string>;
  readonly serviceLedger: string;
  readonly waitMs: number;
  readonly softDeleteMs: number;
  readonly pollMs?: number;
}

const servicePrincipal: Principal = {
  kind: 'Service',
  id: readPrincipalId('00000000-0000-0000-0000-000000000000'),
  name: 'strongroom',
  proof: 'internal',
};

/** The scope that locks and holds are asked about. */
export const erasureScope = (workspace: StoredWorkspace, table: string): string =>
  table === '' ? workspace.resourceKey : `${workspace.resourceKey}/tables/${table.toLowerCase()}`;

const actOf = (kind: StoredErasure['kind']): LockedAct => (kind === 'purge' ? 'purge' : 'delete');

/** Thrown inside a step that has to be gone on with later; the reason is kept. */
class NotNow extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

export function openErasures(options: ErasuresOptions): Erasures {
  const { clock, log } = options;
  const stop = new AbortController();
  const runner = new Runner(options);
  const running = (async () => {
    // What an older catalog has lost shows before anybody asks for an erasure.
    await clock.sleep(options.pollMs ?? purgeLimits.pollMs, stop.signal).catch(() => undefined);
    await runner.restoreHolds(stop.signal);
    while (!stop.signal.aborted) {
      await clock
        .sleep(options.pollMs ?? purgeLimits.pollMs, stop.signal)
        .then(() => runner.runDue())
        .catch((error: unknown) => {
          if (!stop.signal.aborted) log.warn('erasures did not run', errorFields(error));
        });
    }
  })();
  return {
    waitMs: options.waitMs,
    softDeleteMs: options.softDeleteMs,
    request: (draft) => runner.request(draft),
    cancel: (erasure, by) => runner.cancel(erasure, by),
    hasten: (id) => runner.hasten(id),
    callOffIn: (write, snapshot, id) => runner.callOffIn(write, snapshot, id),
    runDue: () => runner.runDue(),
    async close() {
      stop.abort(new Error('closing'));
      runner.stop();
      await running;
      await runner.idle();
    },
  };
}

class Runner {
  readonly #options: ErasuresOptions;
  #last: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: ErasuresOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
  }

  async idle(): Promise<void> {
    await this.#last;
  }

  async restoreHolds(signal: AbortSignal): Promise<void> {
    const { catalog, workspaces, log } = this.#options;
    for (const { workspaceId } of catalog.workspaces()) {
      if (signal.aborted) return;
      await restoreHolds({ catalog, workspaces }, workspaceId).catch((error: unknown) => {
        log.warn('holds were not compared', { workspace: workspaceId, ...errorFields(error) });
      });
    }
  }

  async request(draft: ErasureDraft): Promise<StoredErasure> {
    const { catalog, clock, trusted, workspaces } = this.#options;
    const { workspace, kind, table } = draft;
    const scope = erasureScope(workspace, table);
    await restoreHolds({ catalog, workspaces }, workspace.workspaceId);
    assertNone(catalog.snapshot, scope, actOf(kind));
    const now = clock.now();
    const erasure: StoredErasure = {
      id: draft.id,
      workspaceId: workspace.workspaceId,
      kind,
      state: 'waiting',
      table,
      request: draft.request,
      requestedAt: now,
      requestedBy: { id: draft.by.id, name: draft.by.name },
      dueAt: trusted.now() + draft.waitMs,
      changedAt: now,
      progress: {},
      certificate: '',
    };
    const open = await workspaces.open(workspace.workspaceId);
    const actor = actorOf(draft.by);
    await open.record(
      kind === 'workspace'
        ? {
            type: 'workspaceDeleted',
            actor,
            correlationId: draft.correlationId,
            until: new Date(erasure.dueAt).toISOString(),
          }
        : {
            type: 'purgeRequested',
            actor,
            correlationId: draft.correlationId,
            operationId: draft.id,
            table,
            filter: kind === 'table' ? 'the whole table' : text(draft.request['filter']),
          },
    );
    await catalog.change(async (write, snapshot) => {
      assertNone(snapshot, scope, actOf(kind));
      await write.putErasure(erasure);
      await draft.alongside?.(write, snapshot);
    });
    if (draft.waitMs > 0) return erasure;
    await this.#run(draft.id);
    return catalog.snapshot.erasures.get(draft.id) ?? erasure;
  }

  async cancel(erasure: StoredErasure, by: Principal): Promise<StoredErasure> {
    const { catalog, clock, workspaces } = this.#options;
    const cancelled = await catalog.change(async (write, snapshot) => {
      const now = snapshot.erasures.get(erasure.id);
      if (now?.state !== 'waiting') {
        throw new HttpError(409, 'Conflict', 'The operation does not wait any more.');
      }
      const after: StoredErasure = {
        ...now,
        state: 'cancelled',
        changedAt: clock.now(),
        request: withoutValues(now.request),
      };
      await write.putErasure(after);
      const found = snapshot.workspaces.get(now.workspaceId);
      if (now.kind === 'workspace' && found !== undefined) {
        await write.putWorkspace({ ...found, deletedAt: undefined, modifiedAt: clock.now() });
      }
      if (now.kind === 'table') await putTableBack(write, now, clock.now());
      return after;
    });
    const open = await workspaces.open(erasure.workspaceId);
    await open.record(
      erasure.kind === 'workspace'
        ? { type: 'workspaceRecovered', actor: actorOf(by) }
        : {
            type: 'purgeCancelled',
            actor: actorOf(by),
            operationId: erasure.id,
            table: erasure.table,
            filter: text(erasure.request['filter']),
          },
    );
    return cancelled;
  }

  async hasten(id: WorkspaceId): Promise<void> {
    const { catalog, clock, trusted, waitMs } = this.#options;
    const hastened = await catalog.change(async (write, snapshot) => {
      const pending = pendingWorkspace(snapshot, id);
      if (pending === undefined) return undefined;
      const dueAt = Math.min(pending.dueAt, trusted.now() + waitMs);
      await write.putErasure({ ...pending, dueAt, changedAt: clock.now() });
      return pending.id;
    });
    if (hastened !== undefined && waitMs === 0) await this.#run(hastened);
  }

  async callOffIn(write: CatalogWriter, snapshot: Snapshot, id: WorkspaceId): Promise<void> {
    const pending = pendingWorkspace(snapshot, id);
    if (pending === undefined) return;
    if (pending.state === 'running') {
      throw new HttpError(409, 'Conflict', 'The workspace is being deleted.');
    }
    const changedAt = this.#options.clock.now();
    await write.putErasure({ ...pending, state: 'cancelled', changedAt });
  }

  async runDue(): Promise<void> {
    const { catalog, trusted } = this.#options;
    const now = trusted.now();
    const due = [...catalog.snapshot.erasures.values()].filter(
      ({ state, dueAt }) => state === 'running' || (state === 'waiting' && dueAt <= now),
    );
    for (const { id, kind, workspaceId } of due) {
      if (this.#stopped) return;
      if (kind !== 'workspace' && !catalog.snapshot.workspaces.has(workspaceId)) {
        // Its workspace was deleted first, and it with all its rows.
        const erasure = this.#current(id);
        await this.#keep({
          ...erasure,
          state: 'cancelled',
          request: withoutValues(erasure.request),
          progress: { failed: 'WORKSPACE_DELETED' },
        });
        continue;
      }
      await this.#run(id);
    }
  }

  /** One at a time. A failure is kept with the erasure, and it is tried again. */
  #run(id: string): Promise<void> {
    const result = this.#last.then(async () => {
      const erasure = this.#options.catalog.snapshot.erasures.get(id);
      if (erasure === undefined || !['waiting', 'running'].includes(erasure.state)) return;
      try {
        await this.#execute(erasure);
      } catch (error) {
        const reason =
          error instanceof NotNow
            ? error.reason
            : error instanceof HttpError || error instanceof StrongroomError
              ? error.code
              : 'InternalServerError';
        if (!(error instanceof NotNow) && !(error instanceof HttpError)) {
          this.#options.log.error('an erasure did not finish', { id, ...errorFields(error) });
        }
        const now = this.#current(id);
        if (now.progress['waitsFor'] !== reason) {
          await this.#keep({ ...now, progress: { ...now.progress, waitsFor: reason } });
        }
      }
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  #current(id: string): StoredErasure {
    const erasure = this.#options.catalog.snapshot.erasures.get(id);
    if (erasure === undefined) throw new Error('an erasure is gone');
    return erasure;
  }

  async #keep(erasure: StoredErasure): Promise<StoredErasure> {
    const { catalog, clock } = this.#options;
    const after = { ...erasure, changedAt: clock.now() };
    await catalog.change((write) => write.putErasure(after));
    return after;
  }

  async #step(erasure: StoredErasure, progress: JsonObject): Promise<StoredErasure> {
    const { waitsFor: _waitsFor, ...before } = erasure.progress;
    return this.#keep({ ...erasure, state: 'running', progress: { ...before, ...progress } });
  }

  async #execute(erasure: StoredErasure): Promise<void> {
    switch (erasure.kind) {
      case 'purge':
        return this.#purge(erasure);
      case 'table':
        return this.#deleteTable(erasure);
      case 'workspace':
        return this.#deleteWorkspace(erasure);
    }
  }

  /** The living workspace, its holds put back, and nothing that stands against the act. */
  async #allowed(erasure: StoredErasure): Promise<{ record: StoredWorkspace; open: Workspace }> {
    const { catalog, workspaces } = this.#options;
    const record = catalog.workspace(erasure.workspaceId);
    // A workspace that is deleted meanwhile takes it along; one that is recovered goes on.
    if (record === undefined) throw new NotNow('WorkspaceDeleted');
    await restoreHolds({ catalog, workspaces }, record.workspaceId);
    assertNone(catalog.snapshot, erasureScope(record, erasure.table), actOf(erasure.kind));
    return { record, open: await workspaces.open(record.workspaceId) };
  }

  async #audit(
    erasure: StoredErasure,
    outcome: 'Started' | 'Succeeded',
    inWorkspace: boolean,
  ): Promise<void> {
    await this.#options.audit.record({
      principal: servicePrincipal,
      operation: `Microsoft.OperationalInsights/workspaces/${erasure.kind}/erase/action`,
      outcome,
      target: erasure.id,
      ...(inWorkspace ? { workspaceId: erasure.workspaceId } : {}),
      properties: { operation: erasure.id, kind: erasure.kind, table: erasure.table },
    });
  }

  async #purge(first: StoredErasure): Promise<void> {
    const { catalog, clock } = this.#options;
    const { record, open } = await this.#allowed(first);
    const table = catalog.table(first.workspaceId, first.table);
    if (table === undefined) {
      await this.#keep({ ...first, state: 'failed', progress: { failed: 'TABLE_NOT_FOUND' } });
      return;
    }
    const id = guidOf(first.id);
    const filter = text(first.request['filter']);
    let erasure = first;
    if (erasure.progress['step'] === undefined) {
      await this.#audit(erasure, 'Started', true);
      erasure = await this.#step(erasure, { step: 'choose' });
    }
    if (erasure.progress['step'] === 'choose') {
      const staged = await open.erasing.stage(id, table, text(erasure.request['kql']));
      erasure = await this.#step(erasure, {
        step: 'tables',
        rows: String(staged.rows),
        arrivalDays: staged.days.map(({ day }) => String(day)),
      });
    }
    if (erasure.progress['step'] === 'tables') {
      const scope = erasureScope(record, erasure.table);
      const recorded = await open.changeRows(() =>
        this.#purgeRows(erasure, { open, id, table, scope }),
      );
      erasure = await this.#step(erasure, {
        step: 'choose letters',
        tableRecord: String(recorded),
      });
    }
    const letters = text(erasure.request['lettersKql']);
    erasure = await this.#purgeLetters(erasure, { open, record, kql: letters });
    if (erasure.progress['step'] === 'journal') {
      const positions = new Set((await open.erasing.positions(id)).keys());
      for (const position of await this.#letterPositions(erasure, open)) positions.add(position);
      erasure = await this.#eraseJournal(erasure, open, positions);
    }
    await open.erasing.forget(id);
    await open.erasing.forget(lettersIdOf(erasure.id));
    await this.#complete(erasure, open, {
      filter,
      arrivalDays: (erasure.progress['arrivalDays'] ?? []) as readonly string[],
    });
    await this.#audit(erasure, 'Succeeded', true);
    this.#options.log.info('purged', { operation: first.id, ms: clock.now() - first.changedAt });
  }

  /** Takes the chosen rows out of their table and records what is left of their entries. */
  async #purgeRows(
    erasure: StoredErasure,
    at: { open: Workspace; id: string; table: TableRecord; scope: string },
  ): Promise<bigint> {
    const { open, id, table, scope } = at;
    const { name } = table.schema;
    const staged = await open.erasing.staged(id);
    for (const { day } of staged.days) {
      // A lock that is set meanwhile stops it here; what is left goes when it is gone.
      assertNone(this.#options.catalog.snapshot, scope, 'purge');
      await open.erasing.eraseDay(id, table, day);
    }
    await this.#sweep(open, name);
    const positions = await open.erasing.positions(id);
    let last = 0n;
    for (const after of await leftOf(open, name, positions)) {
      const recorded = await open.record({
        type: 'tablePurged',
        actor: serviceActor,
        operationId: erasure.id,
        table: name,
        filter: text(erasure.request['filter']),
        rowsRemoved: Number(staged.rows),
        after,
      });
      last = recorded.sequence;
    }
    return last;
  }

  /**
   * Records of the table that were set aside with a value that is to go: rows of `IngestionErrors`, under
   * that table's own locks.
   */
  async #purgeLetters(
    first: StoredErasure,
    at: { open: Workspace; record: StoredWorkspace; kql: string },
  ): Promise<StoredErasure> {
    const { open, record, kql } = at;
    const letters = this.#options.catalog.table(first.workspaceId, deadLetterTable);
    let erasure = first;
    if (erasure.progress['step'] === 'choose letters') {
      const isThere =
        letters !== undefined &&
        kql !== '' &&
        erasure.table !== deadLetterTable &&
        (await open.erasing.tables()).includes(deadLetterTable);
      if (!isThere) return this.#step(erasure, { step: 'journal' });
      const staged = await open.erasing.stage(lettersIdOf(erasure.id), letters, kql);
      erasure = await this.#step(
        erasure,
        staged.rows === 0n
          ? { step: 'journal' }
          : { step: 'letters', rowsSetAside: String(staged.rows) },
      );
    }
    if (erasure.progress['step'] === 'letters' && letters !== undefined) {
      const scope = erasureScope(record, deadLetterTable);
      const id = lettersIdOf(erasure.id);
      const recorded = await open.changeRows(() =>
        this.#purgeRows(erasure, { open, id, table: letters, scope }),
      );
      erasure = await this.#step(erasure, { step: 'journal', lettersRecord: String(recorded) });
    }
    return erasure;
  }

  /** The entries that the records set aside came with. */
  async #letterPositions(erasure: StoredErasure, open: Workspace): Promise<Iterable<bigint>> {
    if (erasure.progress['lettersRecord'] === undefined) return [];
    return (await open.erasing.positions(lettersIdOf(erasure.id))).keys();
  }

  async #sweep(open: Workspace, table: string): Promise<void> {
    const { clock } = this.#options;
    const until = clock.monotonicMs() + purgeLimits.sweepMs;
    while (!(await open.erasing.sweep(table))) {
      if (this.#stopped || clock.monotonicMs() > until) throw new NotNow('QueriesRunning');
      await clock.sleep(250);
    }
  }

  async #eraseJournal(
    erasure: StoredErasure,
    open: Workspace,
    positions: ReadonlySet<bigint>,
  ): Promise<StoredErasure> {
    const entries = await open.erasing.eraseEntries(positions);
    if (entries === 0) return this.#step(erasure, { step: 'certificate', journalEntries: 0 });
    const sorted = [...positions].sort((a, b) => (a < b ? -1 : 1));
    const recorded = await open.record({
      type: 'journalPurged',
      actor: serviceActor,
      operationId: erasure.id,
      entries,
      from: String(sorted[0]),
      to: String((sorted.at(-1) ?? 0n) + 1n),
    });
    return this.#step(erasure, {
      step: 'certificate',
      journalEntries: entries,
      journalRecord: String(recorded.sequence),
    });
  }

  async #deleteTable(first: StoredErasure): Promise<void> {
    const { workspaces } = this.#options;
    const { open, record } = await this.#allowed(first);
    let erasure = first;
    if (erasure.progress['step'] === undefined) {
      await this.#audit(erasure, 'Started', true);
      const days = await open.erasing.days(erasure.table);
      const rows = days.reduce((sum, day) => sum + day.rows, 0n);
      const entries = await open.erasing.entriesOf(erasure.table);
      const recorded = await open.record({
        type: 'tableDeleted',
        actor: serviceActor,
        table: erasure.table,
        rows: Number(rows),
      });
      erasure = await this.#step(erasure, {
        step: 'tables',
        rows: String(rows),
        entries: [...entries].map(String),
        tableRecord: String(recorded.sequence),
      });
    }
    if (erasure.progress['step'] === 'tables') {
      await workspaces.dropTable(erasure.workspaceId, erasure.table);
      erasure = await this.#step(erasure, { step: 'choose letters' });
    }
    const kql = lettersOf(erasure.table);
    erasure = await this.#purgeLetters(erasure, { open, record, kql });
    if (erasure.progress['step'] === 'journal') {
      const entries = (erasure.progress['entries'] ?? []) as readonly string[];
      const positions = new Set(entries.map(BigInt));
      for (const position of await this.#letterPositions(erasure, open)) positions.add(position);
      erasure = await this.#eraseJournal(erasure, open, positions);
    }
    await open.erasing.forget(lettersIdOf(erasure.id));
    await this.#complete(erasure, open, {});
    await this.#audit(erasure, 'Succeeded', true);
  }

  /** Signs the certificate over a checkpoint that covers the records, and takes the values out. */
  async #complete(
    erasure: StoredErasure,
    open: Workspace,
    facts: { filter?: string; arrivalDays?: readonly string[] },
  ): Promise<void> {
    const { clock } = this.#options;
    const { progress } = erasure;
    const records = ['tableRecord', 'lettersRecord', 'journalRecord'].flatMap((name) => {
      const position = text(progress[name]);
      return position === '' ? [] : [position];
    });
    const last = records.reduce((most, each) => (BigInt(each) > most ? BigInt(each) : most), 0n);
    const until = clock.monotonicMs() + purgeLimits.sealMs;
    while (BigInt(open.status().sealed) <= last) {
      if (this.#stopped || clock.monotonicMs() > until) throw new NotNow('NotSealed');
      await clock.sleep(50);
    }
    const checkpoint = open.checkpoint();
    const certificate = await open.signNote(
      certificateText({
        ledger: ledgerOrigin(erasure.workspaceId),
        erasure,
        completedAt: clock.now(),
        ...facts,
        rows: text(progress['rows']),
        ...(progress['rowsSetAside'] === undefined
          ? {}
          : { rowsSetAside: text(progress['rowsSetAside']) }),
        journalEntries: Number(progress['journalEntries'] ?? 0),
        records,
        ...(checkpoint === undefined ? {} : { checkpoint }),
      }),
    );
    const { entries: _entries, waitsFor: _waitsFor, ...kept } = progress;
    await this.#keep({
      ...erasure,
      state: 'completed',
      request: withoutValues(erasure.request),
      progress: { ...kept, step: 'done' },
      certificate,
    });
  }

  async #deleteWorkspace(erasure: StoredErasure): Promise<void> {
    const { catalog, clock, workspaces, signAsService, serviceLedger } = this.#options;
    const { workspaceId: id } = erasure;
    const found = catalog.snapshot.workspaces.get(id);
    const region = found?.region ?? text(erasure.progress['region']);
    let now = erasure;
    if (found !== undefined) {
      await this.#audit(erasure, 'Started', false);
      now = await this.#step(erasure, { step: 'files', region: found.region });
      // From here on its key is gone, and what is left of its files cannot be read.
      await catalog.change(async (write, snapshot) => {
        assertNone(snapshot, found.resourceKey, 'delete');
        if (snapshot.workspaces.get(id)?.deletedAt === undefined) throw new NotNow('Recovered');
        await write.removeWorkspace(found);
      });
    }
    await workspaces.remove(id, region);
    const certificate = await signAsService(
      certificateText({
        ledger: serviceLedger,
        erasure,
        completedAt: clock.now(),
        keyDestroyed: true,
      }),
    );
    await this.#keep({
      ...now,
      state: 'completed',
      progress: { step: 'done', region },
      certificate,
    });
    await this.#audit(erasure, 'Succeeded', false);
  }
}

/** Entries further apart are asked about apart. */
const gapMax = 1_000n;

/**
 * What the entries have in the table now, those without rows as 0; in pieces of a record each, one at
 * least.
 */
async function leftOf(
  open: Workspace,
  table: string,
  positions: ReadonlyMap<bigint, bigint>,
): Promise<readonly (readonly TableCommitments[])[]> {
  const pieces: TableCommitments[][] = [];
  let piece: { row: RowCommitment; shape: string; day: string }[] = [];
  const cut = (): void => {
    const groups = new Map<string, { shape: string; day: string; rows: RowCommitment[] }>();
    for (const { row, shape, day } of piece) {
      const key = `${day} ${shape}`;
      const group = groups.get(key) ?? { shape, day, rows: [] };
      groups.set(key, group);
      group.rows.push(row);
    }
    pieces.push([...groups.values()].map((group) => ({ table, ...group })));
    piece = [];
  };
  for (const run of runsOf([...positions.keys()])) {
    const [from, to] = [run[0] ?? 0n, (run.at(-1) ?? 0n) + 1n];
    const found = new Map<string, { row: RowCommitment; shape: string }>();
    for (const { rows, shape } of await open.rowCommitments(table, { from, to })) {
      for (const row of rows) found.set(row[0], { row, shape });
    }
    for (const position of run) {
      const none: { row: RowCommitment; shape: string } = {
        row: [String(position), 0, ''],
        shape: '',
      };
      piece.push({
        ...(found.get(String(position)) ?? none),
        day: String(positions.get(position) ?? 0n),
      });
      if (piece.length === purgeLimits.entriesPerRecordMax) cut();
    }
  }
  if (piece.length > 0 || pieces.length === 0) cut();
  return pieces;
}

/** Neighbours together. */
function runsOf(positions: readonly bigint[]): bigint[][] {
  const runs: bigint[][] = [];
  for (const position of positions) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run === undefined || last === undefined || position - last > gapMax) runs.push([position]);
    else run.push(position);
  }
  return runs;
}

/** A purge's values are what was to be forgotten. */
const withoutValues = (request: JsonObject): JsonObject => {
  const { kql: _kql, lettersKql: _lettersKql, ...rest } = request;
  return rest;
};

const text = (value: Json | undefined): string => textOf(value) ?? '';

/** The chosen rows of `IngestionErrors` lie beside those of the table. */
const lettersIdOf = (operationId: string): string => `${guidOf(operationId)}-e`;

const guidOf = (operationId: string): string => operationId.replace(/^[a-z]+-/, '');

/** A table as it was before its deletion was asked for. */
export async function putTableBack(
  write: CatalogWriter,
  { workspaceId, table, request }: StoredErasure,
  now: number,
): Promise<void> {
  const before = request['definition'];
  if (typeof before !== 'string') return;
  await write.putTable({
    ...(JSON.parse(before) as StoredTable),
    workspaceId,
    name: table,
    modifiedAt: now,
  });
}

const pendingWorkspace = (snapshot: Snapshot, id: WorkspaceId): StoredErasure | undefined =>
  [...snapshot.erasures.values()].find(
    (each) =>
      each.kind === 'workspace' &&
      each.workspaceId === id &&
      (each.state === 'waiting' || each.state === 'running'),
  );

/** The erasure that a deleted table waits for, or that is under way. */
export const pendingTable = (
  { snapshot }: Pick<Catalog, 'snapshot'>,
  id: WorkspaceId,
  name: string,
): StoredErasure | undefined =>
  [...snapshot.erasures.values()].find(
    (each) =>
      each.kind === 'table' &&
      each.workspaceId === id &&
      each.table.toLowerCase() === name.toLowerCase() &&
      (each.state === 'waiting' || each.state === 'running'),
  );
