import { historyEntriesMax } from './limits.js';

/** A query that was run in this browser session. */
export interface HistoryEntry {
  readonly query: string;
  readonly workspaceId: string;
  readonly timespan: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly outcome: { readonly rows: number; readonly ms: number } | 'failed';
}

/** The history with one entry more, newest first; the same query again only moves up. */
export function withEntry(
  history: readonly HistoryEntry[],
  entry: HistoryEntry,
): readonly HistoryEntry[] {
  const others = history.filter(
    (old) => old.query !== entry.query || old.workspaceId !== entry.workspaceId,
  );
  return [entry, ...others].slice(0, historyEntriesMax);
}

/** Reads what was stored; anything that is not a history is an empty one. */
export function parseHistory(text: string | null): readonly HistoryEntry[] {
  if (text === null) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isEntry).slice(0, historyEntriesMax) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is HistoryEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof HistoryEntry, unknown>>;
  return (
    typeof entry.query === 'string' &&
    typeof entry.workspaceId === 'string' &&
    typeof entry.timespan === 'string' &&
    typeof entry.atMs === 'number' &&
    (entry.outcome === 'failed' || (typeof entry.outcome === 'object' && entry.outcome !== null))
  );
}
