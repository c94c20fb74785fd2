/** A column as the Query API names it. */
export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** A value as it came in the JSON answer. */
export type Cell = unknown;
export type Row = readonly Cell[];

/** In which time zone datetimes are shown. */
export type Zone = 'utc' | 'local';

export function isNumeric(type: string): boolean {
  return type === 'long' || type === 'int' || type === 'real' || type === 'decimal';
}

/** A value as a number; text that carries one (`decimal`, `"NaN"`) too, null where there is none. */
export function numberOf(value: Cell): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || value === '') return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

/** A datetime in milliseconds since 1970 (fraction kept to the millisecond), or null. */
export function instantOf(value: Cell): number | null {
  if (typeof value !== 'string') return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}

const timespanPattern = /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/;

/** A KQL timespan `[-][d.]hh:mm:ss[.fffffff]` in seconds, or null. */
export function timespanSeconds(value: Cell): number | null {
  if (typeof value !== 'string') return null;
  const match = timespanPattern.exec(value);
  if (!match) return null;
  const [, sign, days, hours, minutes, seconds, fraction] = match;
  const total =
    Number(days ?? 0) * 86_400 +
    Number(hours) * 3_600 +
    Number(minutes) * 60 +
    Number(seconds) +
    Number(`0.${fraction ?? 0}`);
  return sign ? -total : total;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}

/**
 * `2026-01-02T03:04:05.1234567Z` as `2026-01-02 03:04:05.123`, in UTC or the browser's zone.
 * Written by hand because `Intl` takes ten times as long, and a table scrolls through thousands.
 */
export function formatDatetime(value: string, zone: Zone): string {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return value;
  const shifted = zone === 'utc' ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000;
  const iso = new Date(shifted).toISOString();
  // Years beyond 9999 carry a sign and two more digits; keep them whole.
  return iso.slice(0, -1).replace('T', ' ');
}

/** `03:04:05` on the given day, for axes and tooltips. */
export function formatClock(ms: number, zone: Zone): string {
  const date = new Date(ms);
  return zone === 'utc'
    ? `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
    : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A cell as one line of text. Null is empty, as KQL's tools show it. */
export function formatCell(value: Cell, type: string, zone: Zone): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return type === 'datetime' ? formatDatetime(value, zone) : value;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value as number | boolean | bigint);
}

/** The object or array in a dynamic value, or `undefined` where it is a plain value. */
export function structureOf(value: Cell, type: string): object | undefined {
  if (type !== 'dynamic' && type !== 'string') return undefined;
  if (typeof value === 'object' && value !== null) return value;
  if (typeof value !== 'string') return undefined;
  const first = value.trimStart()[0];
  if (first !== '{' && first !== '[') return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A value in full for the row's detail: structures indented, datetimes with all digits. */
export function formatDetail(value: Cell, type: string, zone: Zone): string {
  const structure = structureOf(value, type);
  if (structure) return JSON.stringify(structure, null, 2);
  if (type === 'datetime' && typeof value === 'string') {
    const fraction = /\.(\d+)Z?$/.exec(value)?.[1] ?? '';
    const text = formatDatetime(value, zone);
    return fraction.length > 3 ? text.slice(0, -3) + fraction : text;
  }
  return formatCell(value, type, zone);
}

const collator = new Intl.Collator('en', { numeric: true });

/** Orders two values of a column, nulls last; the same for equal ones. */
export function compareCells(a: Cell, b: Cell, type: string): number {
  const aMissing = a === null || a === undefined || a === '';
  const bMissing = b === null || b === undefined || b === '';
  if (aMissing || bMissing) return Number(aMissing) - Number(bMissing);
  if (isNumeric(type) || type === 'bool') return (numberOf(a) ?? 0) - (numberOf(b) ?? 0);
  if (type === 'timespan') return (timespanSeconds(a) ?? 0) - (timespanSeconds(b) ?? 0);
  const left = formatCell(a, '', 'utc');
  const right = formatCell(b, '', 'utc');
  // ISO instants of one writer order as text; a collator would take ten times as long.
  if (type === 'datetime' || type === 'guid') return left < right ? -1 : left > right ? 1 : 0;
  return collator.compare(left, right);
}

export interface Sorting {
  readonly column: number;
  readonly descending: boolean;
}

/** The rows' indexes in display order; stable, nulls last in both directions. */
export function sortedOrder(
  rows: readonly Row[],
  columns: readonly ResultColumn[],
  sorting: Sorting | undefined,
): Uint32Array {
  const order = Uint32Array.from(rows, (_, index) => index);
  const column = sorting === undefined ? undefined : columns[sorting.column];
  if (sorting === undefined || column === undefined) return order;
  const at = sorting.column;
  const missing = (value: Cell): boolean => value === null || value === undefined || value === '';
  return order.sort((left, right) => {
    const a = rows[left]?.[at];
    const b = rows[right]?.[at];
    const compared = compareCells(a, b, column.type);
    const turned = sorting.descending && !missing(a) && !missing(b) ? -compared : compared;
    return turned || left - right;
  });
}

/** The columns that have a value in any row, by their index. */
export function filledColumns(
  columns: readonly ResultColumn[],
  rows: readonly Row[],
): readonly number[] {
  return columns.flatMap((_, at) =>
    rows.some((row) => {
      const value = row[at];
      return value !== null && value !== undefined && value !== '';
    })
      ? [at]
      : [],
  );
}
