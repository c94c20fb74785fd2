import type { Batcher } from '../batch.js';
import type { Machine } from '../machine.js';
import { parseGlob } from './glob.js';
import { facilityFor, parseSyslogLine } from './syslog-line.js';
import type { LineContext, SyslogLine } from './syslog-line.js';
import type { TailSource } from './tail.js';

/** A row of the `Syslog` table. */
export function syslogRow(
  line: SyslogLine,
  options: {
    readonly machine: Machine;
    readonly nowMs: number;
    readonly facility: string;
    readonly severity: string;
  },
): string {
  const { machine } = options;
  const time = JSON.stringify(new Date(line.timeMs ?? options.nowMs).toISOString());
  const host = JSON.stringify(line.host ?? machine.computer);
  const computer = JSON.stringify(machine.computer);
  const address = line.host === undefined || line.host === machine.computer ? machine.address : '';
  const processId = line.processId === undefined ? '' : `,"ProcessID":${line.processId}`;
  // Put together by hand: this runs for each line.
  return `{"TimeGenerated":${time},"EventTime":${time},"Facility":"${options.facility}","SeverityLevel":"${options.severity}","ProcessName":${JSON.stringify(line.process ?? '')}${processId},"HostName":${host},"Computer":${host},"HostIP":${JSON.stringify(address)},"SyslogMessage":${JSON.stringify(line.message)},"CollectorHostName":${computer},"SourceSystem":"Linux"}`;
}

/** Traditional times are those of the machine's own zone. */
const localTime: LineContext['localTime'] = (year, month, day, hour, minute, second) =>
  new Date(year, month, day, hour, minute, second).getTime();

/** Syslog files as rows of the `Syslog` table. */
export function syslogSource(options: {
  machine: Machine;
  patterns: readonly string[];
  sink: Batcher;
  /** True where the machine's own messages come from its journal: then its lines are left out. */
  journaldRuns: boolean;
}): TailSource {
  const { machine, journaldRuns } = options;
  const shortName = machine.computer.split('.')[0];
  return {
    globs: options.patterns.map(parseGlob),
    sink: options.sink,
    toRow(text, path, nowMs) {
      const line = parseSyslogLine(text, { nowMs, localTime });
      const own = line.host === machine.computer || line.host === shortName;
      if (journaldRuns && own) return undefined;
      return syslogRow(own ? { ...line, host: machine.computer } : line, {
        machine,
        nowMs,
        facility: line.facility ?? facilityFor(path, line.process),
        // RFC 3164 §4.3.3: without a priority it is 13, user.notice.
        severity: line.severity ?? 'notice',
      });
    },
  };
}
