import type { Clock, Fs } from '@strongroom/base';
import type { Batcher, Position } from '../batch.js';
import { limits } from '../limits.js';
import { invariant } from '@strongroom/base';
import type { Health } from '../health.js';
import type { Machine } from '../machine.js';
import type { System } from '../system.js';
import { SyslogRows } from './syslog.js';
import { facilities, severities } from './syslog-line.js';

/** The key of the journal's place among all positions. */
export const journaldKey = 'journald';

/** A field of `journalctl -o json`: text, bytes as numbers, several values, or null (too long). */
function fieldText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  if (value.every((byte) => typeof byte === 'number')) return Buffer.from(value).toString('utf8');
  return fieldText(value[0]);
}

/** An entry of the journal as a row of the `Syslog` table, and its cursor. */
export function journaldRow(
  text: string,
  options: { machine: Machine; rows: SyslogRows; nowMs: number },
): { readonly row: string; readonly cursor: string; readonly cut: boolean } | undefined {
  const { machine, rows, nowMs } = options;
  let entry: Record<string, unknown>;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    entry = parsed as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const cursor = fieldText(entry['__CURSOR']);
  if (cursor === undefined || cursor.length > 1024) return undefined;
  const number = (name: string): number | undefined => {
    const field = fieldText(entry[name]);
    return field !== undefined && /^\d{1,17}$/.test(field) ? Number(field) : undefined;
  };
  const micros = number('_SOURCE_REALTIME_TIMESTAMP') ?? number('__REALTIME_TIMESTAMP');
  const processId = number('SYSLOG_PID') ?? number('_PID');
  const whole = fieldText(entry['MESSAGE']) ?? '';
  const bytes = Buffer.from(whole);
  const cut = bytes.length > limits.lineBytesMax;
  const message = cut
    ? bytes.toString('utf8', 0, limits.lineBytesMax).replace(/\uFFFD+$/, '')
    : bytes.toString('utf8');
  const facility =
    facilities[number('SYSLOG_FACILITY') ?? (entry['_TRANSPORT'] === 'kernel' ? 0 : 3)];
  const severity = severities[number('PRIORITY') ?? 6];
  const process = fieldText(entry['SYSLOG_IDENTIFIER']) ?? fieldText(entry['_COMM']);
  const ownHost = fieldText(entry['_HOSTNAME']);
  return {
    cursor,
    cut,
    row: rows.row(
      {
        timeMs: micros === undefined ? undefined : Math.floor(micros / 1000),
        facility,
        severity,
        host:
          ownHost === undefined || machine.computer.split('.')[0] === ownHost
            ? machine.computer
            : ownHost,
        process,
        processId: processId !== undefined && processId <= 0x7fff_ffff ? processId : undefined,
        message,
      },
      rows.source(process, facility ?? 'daemon', severity ?? 'info'),
      nowMs,
    ),
  };
}

/** True where systemd's journal keeps entries on this machine that this account may read. */
export async function hasJournald(fs: Fs): Promise<boolean> {
  for (const root of ['/var/log/journal', '/run/log/journal']) {
    for (const machineId of await fs.list(root).catch(() => [])) {
      const names = await fs.list(`${root}/${machineId}`).catch(() => []);
      for (const name of names.filter((one) => one.startsWith('system'))) {
        try {
          await (await fs.open(`${root}/${machineId}/${name}`, 'read')).close();
          return true;
        } catch {
          // Another file may be readable.
        }
      }
    }
  }
  return false;
}

/** Follows the journal from where it was left until `signal` is aborted. */
export async function followJournald(options: {
  system: System;
  clock: Clock;
  machine: Machine;
  health: Health;
  sink: Batcher;
  positions: Map<string, Position>;
  signal: AbortSignal;
}): Promise<void> {
  const { sink, positions, signal, machine, health, clock } = options;
  const rows = new SyslogRows(machine);
  while (!signal.aborted) {
    const cursor = positions.get(journaldKey);
    const from =
      typeof cursor === 'string'
        ? [`--after-cursor=${cursor}`, '--no-tail']
        : [`--lines=${limits.journaldHistoryMax}`];
    const args = ['--output=json', '--follow', '--quiet', '--all', ...from];
    for await (const lines of options.system.follow('journalctl', args, signal)) {
      for (const text of lines) {
        const entry =
          text === '' ? undefined : journaldRow(text, { machine, rows, nowMs: clock.now() });
        if (entry === undefined) {
          if (text !== '') health.report('journal entries unreadable', 'journald', '');
          continue;
        }
        if (entry.cut) health.report('lines cut', 'journald', `over ${limits.lineBytesMax} bytes`);
        if (!sink.add(entry.row)) {
          await sink.flush();
          invariant(sink.add(entry.row), 'a row does not fit an empty batch');
        }
        positions.set(journaldKey, entry.cursor);
        sink.mark(journaldKey, entry.cursor);
      }
    }
    // It ended by itself: the journal was restarted, or there is none.
    await clock.sleep(10 * limits.pollMs, signal).catch(() => undefined);
  }
}
