import type { Zone } from './values.js';
import { formatClock } from './values.js';

/**
 * One-line labels of a time axis. Steps of a day and more are dates; shorter ones are clock times
 * with the date in midnight's place, so that a range over several days stays readable.
 * `splits` and `step` are in seconds.
 */
export function axisTimes(splits: readonly number[], step: number, zone: Zone): readonly string[] {
  const date = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(step >= 180 * 86_400 ? { year: 'numeric' } : {}),
    ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
  });
  return splits.map((seconds) => {
    const ms = seconds * 1000;
    const clock = formatClock(ms, zone);
    if (step >= 86_400 || clock === '00:00:00') return date.format(ms);
    if (step >= 60) return clock.slice(0, 5);
    if (step >= 1) return clock;
    return `${clock.slice(6)}.${String(Math.round(ms) % 1000).padStart(3, '0')}`;
  });
}
