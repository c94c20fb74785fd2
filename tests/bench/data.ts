import { seededRandom } from '@strongroom/testkit';
import type { SeededRandom } from '@strongroom/testkit';

/**
 * Syslog-like rows with realistic variety, from a seed: a few chatty programs, many quiet ones,
 * messages with ids, addresses, paths, durations and now and then a stack of words. What the queries
 * must answer is counted while the rows are written.
 */
export interface Lines {
  /** One NDJSON body. */
  readonly bodies: readonly Buffer[];
  readonly rows: number;
  readonly bytes: number;
  /** Rows by program. */
  readonly byProgram: ReadonlyMap<string, number>;
  /** Rows whose message holds the term `timeout`. */
  readonly timeouts: number;
}

const programs = [
  ...['nginx', 'sshd', 'kernel', 'postgres', 'systemd', 'kubelet', 'containerd', 'cron'],
  ...['dhclient', 'rsyslogd', 'auditd', 'haproxy', 'named', 'chronyd', 'sudo', 'redis'],
];
const facilities = ['kern', 'user', 'daemon', 'auth', 'syslog', 'authpriv', 'cron', 'local0'];
const severities = ['info', 'info', 'info', 'info', 'notice', 'notice', 'warning', 'err', 'debug'];
const verbs = [
  'accepted',
  'closed',
  'opened',
  'rejected',
  'retried',
  'queued',
  'flushed',
  'served',
];
const nouns = ['connection', 'session', 'request', 'checkpoint', 'volume', 'lease', 'query', 'pod'];
const words = ['after', 'timeout', 'while', 'reading', 'upstream', 'peer', 'reset', 'by', 'header'];

const hex = (random: SeededRandom, size: number): string =>
  Buffer.from(random.bytes(size)).toString('hex');
const address = (random: SeededRandom): string =>
  `10.${random.integer(256)}.${random.integer(256)}.${random.integer(256)}`;

/** The low numbers often, the high ones seldom: a rough Zipf. */
const skewed = (random: SeededRandom, below: number): number =>
  Math.floor((random.integer(1_000_000) / 1_000_000) ** 3 * below);

function message(random: SeededRandom): { text: string; timeout: boolean } {
  const verb = verbs[random.integer(verbs.length)] ?? '';
  const noun = nouns[random.integer(nouns.length)] ?? '';
  switch (random.integer(5)) {
    case 0:
      return {
        text: `${noun} ${verb} from ${address(random)} port ${random.integer(65_536)} id ${hex(random, 8)}`,
        timeout: false,
      };
    case 1:
      return {
        text: `${address(random)} - - "GET /api/v${random.integer(4)}/${noun}s/${random.integer(100_000)} HTTP/1.1" ${[200, 200, 200, 304, 404, 500][random.integer(6)] ?? 200} ${random.integer(60_000)} ${random.integer(900) / 1000}`,
        timeout: false,
      };
    case 2: {
      const tail = Array.from(
        { length: 2 + random.integer(6) },
        () => words[random.integer(words.length)] ?? '',
      );
      return { text: `${verb} ${noun} ${tail.join(' ')}`, timeout: tail.includes('timeout') };
    }
    case 3:
      return {
        text: `trace=${hex(random, 16)} span=${hex(random, 8)} ${noun} ${verb} in ${random.integer(5_000)} ms`,
        timeout: false,
      };
    default:
      return {
        text: `/var/lib/${noun}/${skewed(random, 5_000)}/${verb}.log: ${random.integer(1_000)} bytes ${verb}`,
        timeout: false,
      };
  }
}

/** Makes rows in bodies of about `bodyBytes`, with times up to `now` (milliseconds). */
export function syslogLines(options: {
  seed: string;
  bytesTotal: number;
  bodyBytes: number;
  now: number;
}): Lines {
  const random = seededRandom(options.seed);
  const bodies: Buffer[] = [];
  const byProgram = new Map<string, number>();
  let [rows, bytes, timeouts] = [0, 0, 0];
  let body: string[] = [];
  let size = 0;
  const end = (): void => {
    if (body.length === 0) return;
    bodies.push(Buffer.from(`[${body.join(',')}]`));
    bytes += size;
    body = [];
    size = 0;
  };
  while (bytes + size < options.bytesTotal) {
    const program = programs[skewed(random, programs.length)] ?? '';
    const { text, timeout } = message(random);
    const line = JSON.stringify({
      TimeGenerated: new Date(options.now - random.integer(600_000)).toISOString(),
      HostName: `host-${skewed(random, 400)}.example.net`,
      Facility: facilities[skewed(random, facilities.length)],
      SeverityLevel: severities[random.integer(severities.length)],
      ProcessName: program,
      ProcessID: random.integer(32_768),
      SyslogMessage: text,
    });
    body.push(line);
    size += line.length + 1;
    rows += 1;
    byProgram.set(program, (byProgram.get(program) ?? 0) + 1);
    if (timeout) timeouts += 1;
    if (size >= options.bodyBytes) end();
  }
  end();
  return { bodies, rows, bytes, byProgram, timeouts };
}

/** Columns of the table that these rows go to. */
export const syslogColumns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'HostName', type: 'string' },
  { name: 'Facility', type: 'string' },
  { name: 'SeverityLevel', type: 'string' },
  { name: 'ProcessName', type: 'string' },
  { name: 'ProcessID', type: 'int' },
  { name: 'SyslogMessage', type: 'string' },
] as const;

/** The value below which this share of the numbers lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
