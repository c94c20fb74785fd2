import type { Batcher } from '../batch.js';
import type { Machine } from '../machine.js';
import { parseGlob } from './glob.js';
import { facilityFor, parseSyslogLine } from './syslog-line.js';
import type { LineContext, SyslogLine } from './syslog-line.js';
import type { TailSource } from './tail.js';

/** Different values remembered as JSON; beyond it the memory begins anew. */
const rememberedMax = 1024;

/**
 * Makes rows of the `Syslog` table. They are put together by hand, and the parts that come again and
 * again (a host, a process, a second) are written as JSON once: this runs for every line.
 */
export class SyslogRows {
  readonly #machine: Machine;
  readonly #collector: string;
  readonly #hosts = new Map<string, string>();
  #timeMs = Number.NaN;
  #time = '';

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#collector = JSON.stringify(machine.computer);
  }

  /** The row of a line; `source` is from {@link source}. */
  row(line: SyslogLine, source: string, nowMs: number): string {
    const timeMs = line.timeMs ?? nowMs;
    if (timeMs !== this.#timeMs) {
      this.#timeMs = timeMs;
      const time = new Date(timeMs).toISOString();
      this.#time = `{"TimeGenerated":"${time}","EventTime":"${time}",`;
    }
    const processId = line.processId === undefined ? '' : `"ProcessID":${line.processId},`;
    return `${this.#time}${source}${processId}${this.#host(line.host)}"SyslogMessage":${JSON.stringify(line.message)}}`;
  }

  /** The part of a row that says what kind of message it is. */
  source(process: string | undefined, facility: string, severity: string): string {
    return `"Facility":${JSON.stringify(facility)},"SeverityLevel":${JSON.stringify(severity)},"ProcessName":${JSON.stringify(process ?? '')},`;
  }

  #host(named: string | undefined): string {
    const { computer, address } = this.#machine;
    const name = named ?? computer;
    let host = this.#hosts.get(name);
    if (host === undefined) {
      const quoted = JSON.stringify(name);
      const hostIp = JSON.stringify(name === computer ? address : '');
      host = `"HostName":${quoted},"Computer":${quoted},"HostIP":${hostIp},"CollectorHostName":${this.#collector},"SourceSystem":"Linux",`;
      if (this.#hosts.size >= rememberedMax) this.#hosts.clear();
      this.#hosts.set(name, host);
    }
    return host;
  }
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
  const rows = new SyslogRows(machine);
  let context: LineContext = { nowMs: 0, localTime, times: new Map() };
  /** What lines without a priority conclude from their process, in one file. */
  const concluded = new Map<string | undefined, string>();
  let concludedPath: string | undefined;
  const sourceOf = (line: SyslogLine, path: string): string => {
    // RFC 3164 §4.3.3: without a priority it is 13, user.notice.
    if (line.facility !== undefined) {
      return rows.source(line.process, line.facility, line.severity ?? 'notice');
    }
    if (path !== concludedPath || concluded.size >= rememberedMax) concluded.clear();
    concludedPath = path;
    let source = concluded.get(line.process);
    if (source === undefined) {
      source = rows.source(line.process, facilityFor(path, line.process), 'notice');
      concluded.set(line.process, source);
    }
    return source;
  };
  return {
    globs: options.patterns.map(parseGlob),
    sink: options.sink,
    toRow(text, path, nowMs) {
      // Times without a year mean something else next year: they are remembered for one read.
      if (context.nowMs !== nowMs) context = { nowMs, localTime, times: new Map() };
      const line = parseSyslogLine(text, context);
      const own = line.host === machine.computer || line.host === shortName;
      if (journaldRuns && own) return undefined;
      return rows.row(
        own ? { ...line, host: machine.computer } : line,
        sourceOf(line, path),
        nowMs,
      );
    },
  };
}
