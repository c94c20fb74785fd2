import type { QueryRun } from '../workspaces/workspace.js';

/** What statements of one query have read so far; memory is that of the greatest. */
export interface Spent {
  rowsRead: number;
  bytesRead: number;
  memoryBytes: number;
}

/** All rows of a small answer that the compiler asked for, as text; undefined beyond `bytesMax`. */
export async function answerText(
  run: QueryRun,
  bytesMax: number,
  spent: Spent,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of run) {
    size += chunk.length;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  spent.rowsRead += run.statistics?.rowsRead ?? 0;
  spent.bytesRead += run.statistics?.bytesRead ?? 0;
  spent.memoryBytes = Math.max(spent.memoryBytes, run.statistics?.memoryBytes ?? 0);
  return Buffer.concat(chunks).toString('utf8');
}
