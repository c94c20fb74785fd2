/**
 * Lines of syslog files to rows of the `Syslog` table.
 *
 * Three shapes are read, each with or without a leading `<PRI>`: the traditional one (RFC 3164), the
 * same with an ISO 8601 time (rsyslog's file format), and RFC 5424. What fits none of them is kept
 * whole as the message.
 */

/** Facilities by number (RFC 5424 table 1), by the names that Azure Monitor uses. */
export const facilities = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

/** Severities by number (RFC 5424 table 2), by the names that Azure Monitor uses. */
export const severities = [
  'emerg',
  'alert',
  'crit',
  'err',
  'warning',
  'notice',
  'info',
  'debug',
] as const;

/** What a line says. Absent parts were not in it. */
export interface SyslogLine {
  /** Milliseconds since 1970 of the event, where the line tells. */
  readonly timeMs: number | undefined;
  readonly facility: string | undefined;
  readonly severity: string | undefined;
  readonly host: string | undefined;
  readonly process: string | undefined;
  readonly processId: number | undefined;
  readonly message: string;
}

/** What a line alone does not tell. */
export interface LineContext {
  /** Milliseconds since 1970: traditional lines have no year. */
  readonly nowMs: number;
  /** Milliseconds since 1970 of a local time: traditional lines have no zone. */
  readonly localTime: (
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  ) => number;
  /** Traditional times already read in this context, by their text. */
  readonly times: Map<string, number>;
}

const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const traditional =
  /^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\S+) /;
const iso =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)(?: (\S+))? /;
const modern = /^1 (\S+) (\S+) (\S+) (\S+) (\S+) /;
const tag = /^([^\s:[\]]{1,128})(?:\[([^\]]{0,64})\])?:(?: |$)/;

const nil = (text: string | undefined): string | undefined =>
  text === undefined || text === '-' ? undefined : text;

/** A process id as the `int` column holds it. */
function processIdOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 0x7fff_ffff ? value : undefined;
}

/** Milliseconds of an ISO 8601 time with a zone; `undefined` where it is none. */
export function isoTime(text: string): number | undefined {
  const match = iso.exec(`${text} `);
  return match === null || match[9] !== undefined ? undefined : isoMs(match);
}

function isoMs(match: RegExpExecArray): number | undefined {
  const zone = match[8]!;
  const fraction = (match[7] ?? '').slice(0, 3).padEnd(3, '0');
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const ms = Date.parse(
    `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6] === '60' ? '59' : match[6]}.${fraction}${colon}`,
  );
  return Number.isNaN(ms) ? undefined : ms;
}

const dayMs = 86_400_000;

const timesMax = 4096;

function rememberedMs(match: RegExpExecArray, context: LineContext): number {
  const text = match[0].slice(0, 15);
  let ms = context.times.get(text);
  if (ms === undefined) {
    ms = traditionalMs(match, context);
    if (context.times.size >= timesMax) context.times.clear();
    context.times.set(text, ms);
  }
  return ms;
}

/** The year that puts a time without one nearest to now, but not more than a day after it. */
function traditionalMs(match: RegExpExecArray, context: LineContext): number {
  const month = months.indexOf(match[1]!) / 3;
  const year = new Date(context.nowMs).getUTCFullYear();
  const at = (candidate: number): number =>
    context.localTime(
      candidate,
      month,
      Number(match[2]),
      Number(match[3]),
      Number(match[4]),
      Number(match[5]),
    );
  for (const candidate of [year + 1, year]) {
    const ms = at(candidate);
    if (ms <= context.nowMs + dayMs) return ms;
  }
  return at(year - 1);
}

/** End of RFC 5424 structured data that starts at `start`; -1 where it is malformed. */
function structuredDataEnd(text: string, start: number): number {
  if (text[start] === '-') return start + 1;
  let index = start;
  while (text[index] === '[') {
    let quoted = false;
    index += 1;
    for (; index < text.length; index += 1) {
      const letter = text[index];
      if (letter === '\\' && quoted) index += 1;
      else if (letter === '"') quoted = !quoted;
      else if (letter === ']' && !quoted) break;
    }
    if (text[index] !== ']') return -1;
    index += 1;
  }
  return index === start ? -1 : index;
}

/** Reads one line. Never throws: what cannot be read is the message. */
export function parseSyslogLine(line: string, context: LineContext): SyslogLine {
  let facility: string | undefined;
  let severity: string | undefined;
  let rest = line;
  if (line.charCodeAt(0) === 60) {
    const priority = /^<(\d{1,3})>/.exec(line);
    const value = priority === null ? 192 : Number(priority[1]);
    if (priority !== null && value < 192) {
      facility = facilities[value >> 3];
      severity = severities[value & 7];
      rest = line.slice(priority[0].length);
      const five = modern.exec(rest);
      if (five !== null) {
        const dataEnd = structuredDataEnd(rest, five[0].length);
        const timeMs = nil(five[1]) === undefined ? undefined : isoTime(five[1]!);
        if (dataEnd >= 0 && (timeMs !== undefined || five[1] === '-')) {
          const processId = nil(five[4]);
          return {
            timeMs,
            facility,
            severity,
            host: nil(five[2]),
            process: nil(five[3]),
            processId: processIdOf(processId),
            // Structured data says things that no column holds: it stays in the message.
            message:
              `${rest.startsWith('-', five[0].length) ? '' : `${rest.slice(five[0].length, dataEnd)} `}${rest.slice(dataEnd + 1).replace(/^\uFEFF/, '')}`.trimEnd(),
          };
        }
      }
    }
  }
  let timeMs: number | undefined;
  let host: string | undefined;
  const first = rest.charCodeAt(0);
  if (first >= 48 && first <= 57) {
    const match = iso.exec(rest);
    if (match !== null) {
      timeMs = isoMs(match);
      host = match[9];
      rest = rest.slice(match[0].length);
    }
  } else {
    const match = traditional.exec(rest);
    if (match !== null) {
      timeMs = rememberedMs(match, context);
      host = match[6];
      rest = rest.slice(match[0].length);
    }
  }
  if (timeMs === undefined) {
    return {
      timeMs,
      facility,
      severity,
      host: undefined,
      process: undefined,
      processId: undefined,
      message: facility === undefined ? line : rest,
    };
  }
  const named = tag.exec(rest);
  return {
    timeMs,
    facility,
    severity,
    host,
    process: named?.[1],
    processId: processIdOf(named?.[2]),
    message: named === null ? rest : rest.slice(named[0].length),
  };
}

const facilityOfFile: readonly (readonly [RegExp, string])[] = [
  [/^(auth|secure)/, 'authpriv'],
  [/^(kern|dmesg)/, 'kern'],
  [/^(mail|maillog)/, 'mail'],
  [/^cron/, 'cron'],
  [/^daemon/, 'daemon'],
  [/^lpr/, 'lpr'],
  [/^news/, 'news'],
  [/^uucp/, 'uucp'],
  [/^ftp/, 'ftp'],
];

const facilityOfProcess: readonly (readonly [RegExp, string])[] = [
  [/^kernel$/, 'kern'],
  [/^(cron|crond|anacron|atd)$/i, 'cron'],
  [/^(sshd|sudo|su|login|polkitd|systemd-logind|gdm-password|useradd|passwd)\b/, 'authpriv'],
  [/^(postfix|dovecot|exim|sendmail|opendkim)/, 'mail'],
  [/^(rsyslogd|syslog-ng|syslogd)$/, 'syslog'],
  [/^(systemd|dbus|NetworkManager|dhclient|chronyd|ntpd)/, 'daemon'],
];

/**
 * Syslog files seldom hold the facility. It follows from the file's name where that has one meaning
 * (`auth.log`, `kern.log`), else from the process, else it is `user` (RFC 3164 §4.3.3).
 */
export function facilityFor(path: string, process: string | undefined): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  for (const [pattern, facility] of facilityOfFile) if (pattern.test(name)) return facility;
  if (process !== undefined) {
    for (const [pattern, facility] of facilityOfProcess) if (pattern.test(process)) return facility;
  }
  return 'user';
}
