/**
 * The time range of a query. It crosses the wire as the Query API's `timespan`: an ISO 8601
 * duration or `start/end`.
 */
export type TimeRange =
  | { readonly kind: 'last'; readonly duration: string }
  | { readonly kind: 'between'; readonly from: string; readonly to: string }
  /** The query's own text says it; no timespan is sent. */
  | { readonly kind: 'query' };

export interface TimePreset {
  readonly duration: string;
  readonly label: string;
}

/** The ranges offered by name, shortest first. */
export const timePresets: readonly TimePreset[] = [
  { duration: 'PT5M', label: 'Last 5 minutes' },
  { duration: 'PT30M', label: 'Last 30 minutes' },
  { duration: 'PT1H', label: 'Last hour' },
  { duration: 'PT4H', label: 'Last 4 hours' },
  { duration: 'PT12H', label: 'Last 12 hours' },
  { duration: 'PT24H', label: 'Last 24 hours' },
  { duration: 'P2D', label: 'Last 48 hours' },
  { duration: 'P3D', label: 'Last 3 days' },
  { duration: 'P7D', label: 'Last 7 days' },
];

export const defaultTimeRange: TimeRange = { kind: 'last', duration: 'PT24H' };

const durationPattern = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** An ISO 8601 duration of days, hours, minutes and seconds in milliseconds. */
export function durationMs(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (!match || text === 'P' || text.endsWith('T')) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days ?? 0) * 24 + (hours ?? 0)) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000;
}

/** Reads what {@link printTimeRange} writes; anything else is `undefined`. */
export function parseTimeRange(text: string): TimeRange | undefined {
  if (text === 'query') return { kind: 'query' };
  const slash = text.indexOf('/');
  if (slash < 0) {
    const ms = durationMs(text);
    return ms === undefined || ms === 0 ? undefined : { kind: 'last', duration: text };
  }
  const from = isoOf(text.slice(0, slash));
  const to = isoOf(text.slice(slash + 1));
  if (from === undefined || to === undefined || from >= to) return undefined;
  return { kind: 'between', from, to };
}

export function printTimeRange(range: TimeRange): string {
  switch (range.kind) {
    case 'last':
      return range.duration;
    case 'between':
      return `${range.from}/${range.to}`;
    case 'query':
      return 'query';
  }
}

/** What the Query API is sent; `undefined` where the query's own text decides. */
export function timespanOf(range: TimeRange): string | undefined {
  return range.kind === 'query' ? undefined : printTimeRange(range);
}

/** The range as instants (milliseconds since 1970), or `undefined` where only the query knows. */
export function boundsOf(
  range: TimeRange,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } | undefined {
  switch (range.kind) {
    case 'last':
      return { fromMs: nowMs - (durationMs(range.duration) ?? 0), toMs: nowMs };
    case 'between':
      return { fromMs: Date.parse(range.from), toMs: Date.parse(range.to) };
    case 'query':
      return undefined;
  }
}

/** What the picker's button says. */
export function labelOf(range: TimeRange, zone: 'utc' | 'local'): string {
  switch (range.kind) {
    case 'last':
      return (
        timePresets.find(({ duration }) => durationMs(duration) === durationMs(range.duration))
          ?.label ?? `Last ${range.duration.replace(/^PT?/, '').toLowerCase()}`
      );
    case 'between':
      return `${shortInstant(range.from, zone)} – ${shortInstant(range.to, zone)}`;
    case 'query':
      return 'Set in query';
  }
}

function shortInstant(iso: string, zone: 'utc' | 'local'): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: '2-digit',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
  }).format(new Date(iso));
}

/** The value of an `<input type="datetime-local">` as an instant. */
export function instantOfInput(text: string, zone: 'utc' | 'local'): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return undefined;
  return isoOf(zone === 'utc' ? `${text}Z` : text);
}

/** An instant as the value of an `<input type="datetime-local">`, to the second. */
export function inputOfInstant(ms: number, zone: 'utc' | 'local'): string {
  const offsetMs = zone === 'utc' ? 0 : new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offsetMs).toISOString().slice(0, 19);
}

function isoOf(text: string): string | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
