import { StrongroomError, journalSequence } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import type { ChosenRows, ErasureChoice, StagedDay, StagedErasure } from '@strongroom/engine';
import type { Journal } from '@strongroom/journal';
import { compileTransform } from '@strongroom/kql';
import { ticksPerMillisecond, unixEpochTicks } from '@strongroom/sql';
import type { TableRecord } from '../catalog/catalog.js';
import type { EngineHost } from './engine-host.js';
import { decodeEntryMetadata } from './entry.js';
import type { WorkspaceErrorCode } from './errors.js';
import { isRecordMetadata } from './record.js';
import { tableDefinition } from './table-writer.js';

/**
 * What takes rows away, step by step; each step can be done again. Who calls it has asked locks and
 * holds and has recorded it: nothing here does.
 */
export interface Erasing {
  /** Rows that a `where` over `source` chooses now. Changes nothing. */
  count(table: TableRecord, kql: string): Promise<ChosenRows>;
  /** Fixes the rows that go: those that are in the table once everything received so far is. */
  stage(id: string, table: TableRecord, kql: string): Promise<StagedErasure>;
  staged(id: string): Promise<StagedErasure>;
  /** Journal positions of the fixed rows, in order, and the day that each arrived on. */
  positions(id: string): Promise<ReadonlyMap<bigint, bigint>>;
  /** Takes the fixed rows of one arrival day out of their table. */
  eraseDay(id: string, table: TableRecord, day: bigint): Promise<void>;
  /** Removes what the engine has replaced; false while a query still reads some of it. */
  sweep(table: string): Promise<boolean>;
  /** Forgets the fixed rows. */
  forget(id: string): Promise<void>;
  /** Takes entries' rows out of the journal where it still holds them; says how many. */
  eraseEntries(positions: ReadonlySet<bigint>): Promise<number>;
  /** Positions of the applied entries of a table that the journal still holds. */
  entriesOf(table: string): Promise<ReadonlySet<bigint>>;
  /** Arrival days of a table, with rows; empty where the engine does not have it. */
  days(table: string): Promise<readonly StagedDay[]>;
  dropDays(table: string, days: readonly bigint[]): Promise<void>;
  /** Tables that the engine has. */
  tables(): Promise<readonly string[]>;
}

export interface ErasingParts {
  readonly engine: EngineHost;
  readonly journal: Journal;
  readonly applied: () => bigint;
  readonly workspaceId: string;
  readonly clock: Clock;
}

/** How long an erasure waits for what was received before it to be in the tables. */
const applyWaitMs = 120_000;
const applyPollMs = 50;

export function createErasing(parts: ErasingParts): Erasing {
  const { engine: host, journal, clock } = parts;
  const choice = (table: TableRecord, kql: string, before: bigint): ErasureChoice => {
    const compiled = compileTransform(`${kql} | project TimeGenerated`, {
      input: { name: 'source', columns: table.schema.columns },
      output: table.schema,
      workspaceId: parts.workspaceId,
      now: BigInt(clock.now()) * ticksPerMillisecond + unixEpochTicks,
    });
    if (!compiled.ok) {
      throw new StrongroomError<WorkspaceErrorCode>(
        'TRANSFORM_REFUSED',
        'The filter does not compile for the table as it is now.',
      );
    }
    return { table: tableDefinition(table), chosen: compiled.select, before };
  };

  /** Waits until what the journal has now is in the tables. */
  async function drained(): Promise<bigint> {
    const target = journal.next;
    const until = clock.monotonicMs() + applyWaitMs;
    while (parts.applied() < target) {
      if (clock.monotonicMs() > until) {
        throw new StrongroomError<WorkspaceErrorCode>(
          'ENGINE_UNAVAILABLE',
          'What was received is not in the tables yet.',
        );
      }
      await clock.sleep(applyPollMs);
    }
    return target;
  }

  return {
    count: (table, kql) =>
      host.use((engine) => engine.countChosen(choice(table, kql, journal.next))),
    async stage(id, table, kql) {
      const before = await drained();
      return host.use((engine) => engine.stageErasure(id, choice(table, kql, before)));
    },
    staged: (id) => host.use((engine) => engine.stagedErasure(id)),
    positions: (id) =>
      host.use(async (engine) => {
        const positions = new Map<bigint, bigint>();
        for await (const { position, day } of engine.stagedPositions(id)) {
          positions.set(position, day);
        }
        return positions;
      }),
    eraseDay: (id, table, day) =>
      host.use((engine) => engine.eraseDay(id, tableDefinition(table), day)),
    sweep: (table) => host.use((engine) => engine.sweepErased(table)),
    forget: (id) => host.use((engine) => engine.dropErasure(id)),
    eraseEntries: (positions) =>
      positions.size === 0 ? Promise.resolve(0) : journal.erase(positions),
    async entriesOf(table) {
      const positions = new Set<bigint>();
      const before = parts.applied();
      for await (const entry of journal.read(journalSequence(journal.first))) {
        if (entry.sequence >= before) break;
        if (entry.erased === true || isRecordMetadata(entry.metadata)) continue;
        if (decodeEntryMetadata(entry.metadata).route.table === table) {
          positions.add(entry.sequence);
        }
      }
      return positions;
    },
    days: (table) =>
      host.use(async (engine) => (engine.storedTables.has(table) ? engine.days(table) : [])),
    dropDays: (table, days) => host.use((engine) => engine.dropPartitions(table, days)),
    tables: () => host.use((engine) => Promise.resolve([...engine.storedTables.keys()])),
  };
}
