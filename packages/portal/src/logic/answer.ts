import type { ErrorDetail } from '@strongroom/api';
import { readErrorBody } from '@strongroom/api';
import type { ResultColumn, Row } from './values.js';
import { numberOf } from './values.js';

/** How a query asked to be drawn (`render …`). Absent parts were not said. */
export interface Rendering {
  readonly visualization: string;
  readonly title?: string;
  readonly kind?: string;
  readonly xColumn?: string;
  readonly yColumns?: readonly string[];
  readonly series?: readonly string[];
  readonly xTitle?: string;
  readonly yTitle?: string;
  readonly legendHidden?: boolean;
  readonly logarithmic?: boolean;
  readonly yMin?: number;
  readonly yMax?: number;
}

/** A query's answer, read. */
export interface Answer {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly Row[];
  readonly rendering?: Rendering;
  /** Seconds the server says it took. */
  readonly executionSeconds?: number;
  readonly bytesRead?: number;
  /** The result is not whole, and why. */
  readonly partial?: ErrorDetail;
}

function field(value: unknown, ...names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, found] of Object.entries(value))
    if (names.some((name) => name.toLowerCase() === key.toLowerCase())) return found;
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Names as an array or as one text with commas. */
function names(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) {
    const list = value.filter((name): name is string => typeof name === 'string');
    return list.length > 0 ? list : undefined;
  }
  const list = text(value)
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return list && list.length > 0 ? list : undefined;
}

function number(value: unknown): number | undefined {
  const read = numberOf(value);
  return read === null || !Number.isFinite(read) ? undefined : read;
}

/** Leaves out what is `undefined`, so that optional fields are absent. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function readRendering(value: unknown): Rendering | undefined {
  const visualization = text(field(value, 'visualization'));
  if (visualization === undefined) return undefined;
  const legend = text(field(value, 'legend'))?.toLowerCase();
  const yAxis = text(field(value, 'yAxis'))?.toLowerCase();
  return present({
    visualization: visualization.toLowerCase(),
    title: text(field(value, 'title')),
    kind: text(field(value, 'kind'))?.toLowerCase(),
    xColumn: text(field(value, 'xColumn')),
    yColumns: names(field(value, 'yColumns')),
    series: names(field(value, 'series')),
    xTitle: text(field(value, 'xTitle')),
    yTitle: text(field(value, 'yTitle')),
    legendHidden: legend === 'hidden' ? true : undefined,
    logarithmic: yAxis === 'log' ? true : undefined,
    yMin: number(field(value, 'yMin')),
    yMax: number(field(value, 'yMax')),
  }) as Rendering;
}

function readBytes(statistics: unknown): number | undefined {
  const query = field(statistics, 'query') ?? statistics;
  const usage = field(query, 'resourceUsage');
  const direct = number(field(query, 'bytesRead', 'readBytes', 'scannedBytes'));
  if (direct !== undefined) return direct;
  const used = number(field(usage, 'bytesRead', 'readBytes', 'scannedBytes'));
  if (used !== undefined) return used;
  const input = field(query, 'inputDatasetStatistics', 'dataScanned') ?? field(usage, 'input');
  const bytes = field(input, 'bytes');
  return number(field(bytes, 'scanned') ?? bytes);
}

/** Reads the Query API's success body; `undefined` where it is not one. */
export function readAnswer(body: unknown): Answer | undefined {
  const tables = field(body, 'tables');
  if (!Array.isArray(tables)) return undefined;
  const list: readonly unknown[] = tables;
  const table = list.find((one) => field(one, 'name') === 'PrimaryResult') ?? list[0];
  const columns = field(table, 'columns');
  const rows = field(table, 'rows');
  if (!Array.isArray(columns) || !Array.isArray(rows)) return undefined;
  const statistics = field(body, 'statistics');
  const executionSeconds = number(field(field(statistics, 'query'), 'executionTime'));
  const bytesRead = readBytes(statistics);
  const rendering = readRendering(field(body, 'render'));
  const partial = readErrorBody(body);
  return {
    columns: columns.map((column: unknown) => ({
      name: text(field(column, 'name')) ?? '',
      type: text(field(column, 'type')) ?? 'string',
    })),
    rows: rows as readonly Row[],
    ...(rendering ? { rendering } : {}),
    ...(executionSeconds === undefined ? {} : { executionSeconds }),
    ...(bytesRead === undefined ? {} : { bytesRead }),
    ...(partial ? { partial } : {}),
  };
}

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** `1234567` as `1.2 MB` (powers of ten). */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let amount = bytes;
  while (amount >= 999.5 && unit < byteUnits.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${unit === 0 || amount >= 100 ? amount.toFixed(0) : amount.toFixed(1)} ${byteUnits[unit]}`;
}

/** `0.0156` as `16 ms`, `2.5` as `2.50 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function formatCount(count: number): string {
  return new Intl.NumberFormat('en-US').format(count);
}
