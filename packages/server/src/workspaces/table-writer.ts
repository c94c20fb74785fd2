import { StrongroomError } from '@strongroom/base';
import type { InsertBatch, InsertEntry, StagedRows, TableDefinition } from '@strongroom/engine';
import { compileTransform } from '@strongroom/kql';
import type { TableRecord } from '../catalog/catalog.js';
import type { BatchEntry, BatchOutcome, TableBatch, TableWriter, Verdict } from './applier.js';
import type { EngineHost } from './engine-host.js';
import type { WorkspaceErrorCode } from './errors.js';

/** A table as the engine makes it. */
export const tableDefinition = ({ schema, fullTextColumns }: TableRecord): TableDefinition => ({
  ...schema,
  fullTextColumns,
});

/** The engine as the applier writes to it: tables made first, transformations compiled. */
export function engineWriter(options: { engine: EngineHost; workspaceId: string }): TableWriter {
  const { engine: host, workspaceId } = options;
  const staged = new WeakMap<readonly BatchEntry[], Promise<StagedRows | undefined>>();
  return {
    stage(entries) {
      // Where there is no engine now, the insert finds out, and says so.
      const staging = host
        .use(async (engine) => engine.stage(entries.map(engineEntry)))
        .catch(() => undefined);
      staged.set(entries, staging);
      return () => {
        staged.delete(entries);
        void staging.then((rows) => rows?.discard());
      };
    },
    async insert(batch): Promise<BatchOutcome> {
      const insert = insertOf(batch, workspaceId);
      const rows = await staged.get(batch.entries);
      const outcome = await host.use((engine) => engine.insert(insert, rows));
      host.succeeded();
      return outcome;
    },
    countRange: (table, range) =>
      host.use((engine) => engine.countRange(tableDefinition(table), range)),
    deleteRange: (table, range) =>
      host.use((engine) => engine.deleteRange(tableDefinition(table), range)),
  };
}

/** An entry as the engine takes it. */
export const engineEntry = ({ rows, ...entry }: BatchEntry): InsertEntry => ({
  ...entry,
  ndjson: rows,
});

export function insertOf(batch: TableBatch, workspaceId: string): InsertBatch {
  const { range, stream, input, transformKql } = batch;
  const table = tableDefinition(batch.table);
  const entries = batch.entries.map(engineEntry);
  const insert: InsertBatch = { range, table, stream, input, entries };
  // `source` alone is what rules without a transformation say.
  if (transformKql === undefined || transformKql.trim() === 'source') return insert;
  const compiled = compileTransform(transformKql, {
    input: { name: 'source', columns: input },
    output: batch.table.schema,
    workspaceId,
    // Arrival time, so that a replay gives the same rows.
    now: batch.entries[0]!.timeReceivedTicks,
  });
  if (!compiled.ok) {
    // It compiled when the rule was written; the table may have changed since.
    throw new StrongroomError<WorkspaceErrorCode>(
      'TRANSFORM_REFUSED',
      'The transformation does not compile for the table as it is now.',
    );
  }
  return { ...insert, transform: { select: compiled.select, columns: compiled.columns } };
}

/** Whose fault a failed insert is. A full disk, a missing key and the like are nobody's rows. */
export function judge(error: unknown): Verdict {
  return error instanceof StrongroomError ? (verdicts.get(error.code) ?? 'waits') : 'waits';
}

const verdicts: ReadonlyMap<string, Verdict> = new Map([
  ['TRANSFORM_REFUSED', 'refused'],
  ['ENGINE_BAD_BATCH', 'refused'],
  ['ENGINE_BAD_TABLE', 'refused'],
  ['ENGINE_BAD_TRANSFORM', 'refused'],
  ['ENGINE_QUERY_FAILED', 'refused'],
  ['ENGINE_FAILED', 'unsure'],
  ['ENGINE_GONE', 'unsure'],
  ['ENGINE_MEMORY_LIMIT', 'heavy'],
  ['ENGINE_RESULT_TOO_LARGE', 'heavy'],
]);
