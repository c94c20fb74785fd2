import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { seededRandom } from '@strongroom/testkit';
import type { Random } from '@strongroom/base';

/** A table's columns as the management API names them. */
export interface ColumnDeclaration {
  readonly name: string;
  readonly type: 'datetime' | 'string' | 'int' | 'long' | 'dynamic';
}

/** Draws numbers from a good source, many at a time. */
export class Draw {
  readonly #random: Random;
  #words = Buffer.alloc(0);
  #at = 0;

  constructor(seed: string) {
    this.#random = seededRandom(seed);
  }

  /** 32 random bits. */
  word(): number {
    if (this.#at === this.#words.length) {
      const bytes = this.#random.bytes(64 * 1024);
      this.#words = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#at = 0;
    }
    const word = this.#words.readUInt32LE(this.#at);
    this.#at += 4;
    return word;
  }

  /** From 0 up to and without `below`. The bias of so small numbers does not matter here. */
  integer(below: number): number {
    return Math.floor((this.word() / 2 ** 32) * below);
  }

  /** Low numbers often, high ones seldom. */
  skewed(below: number): number {
    return Math.floor((this.word() / 2 ** 32) ** 3 * below);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]!;
  }

  hex(words: number): string {
    let text = '';
    for (let count = 0; count < words; count += 1) {
      text += this.word().toString(16).padStart(8, '0');
    }
    return text;
  }
}

/** A body of the official client's size: a JSON array, compressed as it does. */
export interface Body {
  /** Place of its rows in the NDJSON file. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly gz: Buffer;
}

export interface DataSet {
  /** All rows as NDJSON. */
  readonly file: string;
  readonly bodies: readonly Body[];
  readonly rows: number;
  /** Plain bytes of the NDJSON. */
  readonly bytes: number;
  readonly gzBytes: number;
}

const compress = promisify<Uint8Array, { level: number }, Buffer>(gzip);

/** Writes rows to a file and packs them into bodies of about `bodyBytes` of plain JSON. */
export async function writeDataSet(options: {
  directory: string;
  name: string;
  /** The next row as JSON, or `undefined` after the last. */
  next: () => string | undefined;
  bodyBytes?: number;
}): Promise<DataSet> {
  const { directory, name, next, bodyBytes = 1_000_000 } = options;
  const file = join(directory, `${name}.ndjson`);
  const handle = await open(file, 'w', 0o600);
  const bodies: Promise<Body>[] = [];
  let [bytes, rows, size] = [0, 0, 0];
  let lines: string[] = [];
  const end = async (): Promise<void> => {
    if (lines.length === 0) return;
    const text = Buffer.from(`${lines.join('\n')}\n`);
    const body = Buffer.from(`[${lines.join(',')}]`);
    const place = { from: bytes, to: bytes + text.length, rows: lines.length };
    bytes += text.length;
    rows += lines.length;
    lines = [];
    size = 0;
    bodies.push(compress(body, { level: 6 }).then((gz) => ({ ...place, gz })));
    await handle.write(text);
    // Compressing keeps pace with generating: else all bodies would wait in memory.
    await bodies.at(-3);
  };
  try {
    for (let line = next(); line !== undefined; line = next()) {
      lines.push(line);
      size += line.length + 1;
      if (size >= bodyBytes) await end();
    }
    await end();
  } finally {
    await handle.close();
  }
  const all = await Promise.all(bodies);
  const gzBytes = all.reduce((sum, { gz }) => sum + gz.length, 0);
  return { file, bodies: all, rows, bytes, gzBytes };
}

/** Bodies one after the other in a file, for the process that sends them. */
export async function writeBodies(path: string, bodies: readonly Body[]): Promise<void> {
  await writeFile(path, Buffer.concat(bodies.map(({ gz }) => gz)), { mode: 0o600 });
}

// ---- syslog-like rows ------------------------------------------------------------------------

/** What queries over the rows must answer; counted while the rows are made. */
export interface SyslogAnswers {
  rows: number;
  /** Rows by program. */
  readonly byProgram: Map<string, number>;
  /** Rows whose message holds the term `timeout`. */
  timeouts: number;
  /** Rows whose message holds the term `flushed`. */
  flushed: number;
  /** Rows of severity `err` by host. */
  readonly errorsByHost: Map<string, number>;
  readonly hosts: Set<string>;
  /** Rows by minute since 1970. */
  readonly byMinute: Map<number, number>;
  /** Rows of `sshd` with a port in the message, and the greatest port. */
  sshdPorts: number;
  sshdPortMax: number;
}

export const syslogColumns: readonly ColumnDeclaration[] = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'HostName', type: 'string' },
  { name: 'Facility', type: 'string' },
  { name: 'SeverityLevel', type: 'string' },
  { name: 'ProcessName', type: 'string' },
  { name: 'ProcessID', type: 'int' },
  { name: 'SyslogMessage', type: 'string' },
];

const programs =
  'nginx sshd kernel postgres systemd kubelet containerd cron dhclient rsyslogd auditd haproxy named chronyd sudo redis'.split(
    ' ',
  );
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
const statuses = [200, 200, 200, 304, 404, 500];

/**
 * Makes rows with realistic variety from a seed: a few chatty programs, many quiet ones, messages
 * with ids, addresses, paths, durations and words. Times rise, nearly sorted, up to `now`.
 */
export function syslogRows(options: {
  seed: string;
  rows: number;
  now: number;
  /** The time that the rows are spread over; default 50 minutes. */
  spanMs?: number;
}): {
  next: () => string | undefined;
  answers: SyslogAnswers;
} {
  const draw = new Draw(options.seed);
  const answers: SyslogAnswers = {
    rows: 0,
    byProgram: new Map(),
    timeouts: 0,
    flushed: 0,
    errorsByHost: new Map(),
    hosts: new Set(),
    byMinute: new Map(),
    sshdPorts: 0,
    sshdPortMax: 0,
  };
  const add = <Key>(counts: Map<Key, number>, key: Key): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  const address = (): string => `10.${draw.integer(256)}.${draw.integer(256)}.${draw.integer(256)}`;
  const spanMs = options.spanMs ?? 50 * 60_000;
  const jitterMs = 5_000;

  const next = (): string | undefined => {
    if (answers.rows >= options.rows) return undefined;
    const program = programs[draw.skewed(programs.length)]!;
    const host = `host-${draw.skewed(400)}.example.net`;
    const severity = draw.pick(severities);
    const verb = draw.pick(verbs);
    const noun = draw.pick(nouns);
    let text: string;
    let hasVerb = true;
    switch (draw.integer(5)) {
      case 0: {
        const port = draw.integer(65_536);
        text = `${noun} ${verb} from ${address()} port ${port} id ${draw.hex(2)}`;
        if (program === 'sshd') {
          answers.sshdPorts += 1;
          if (port > answers.sshdPortMax) answers.sshdPortMax = port;
        }
        break;
      }
      case 1:
        hasVerb = false;
        text = `${address()} - - "GET /api/v${draw.integer(4)}/${noun}s/${draw.integer(100_000)} HTTP/1.1" ${draw.pick(statuses)} ${draw.integer(60_000)} ${draw.integer(900) / 1000}`;
        break;
      case 2: {
        text = `${verb} ${noun}`;
        let timeout = false;
        for (let count = 2 + draw.integer(6); count > 0; count -= 1) {
          const word = draw.pick(words);
          timeout ||= word === 'timeout';
          text += ` ${word}`;
        }
        if (timeout) answers.timeouts += 1;
        break;
      }
      case 3:
        text = `trace=${draw.hex(4)} span=${draw.hex(2)} ${noun} ${verb} in ${draw.integer(5_000)} ms`;
        break;
      default:
        text = `/var/lib/${noun}/${draw.skewed(5_000)}/${verb}.log: ${draw.integer(1_000)} bytes ${verb}`;
    }
    const share = answers.rows / options.rows;
    const time = Math.floor(options.now - spanMs * (1 - share) - jitterMs + draw.integer(jitterMs));
    answers.rows += 1;
    add(answers.byProgram, program);
    add(answers.byMinute, Math.floor(time / 60_000));
    answers.hosts.add(host);
    if (severity === 'err') add(answers.errorsByHost, host);
    if (hasVerb && verb === 'flushed') answers.flushed += 1;
    return JSON.stringify({
      TimeGenerated: new Date(time).toISOString(),
      HostName: host,
      Facility: facilities[draw.skewed(facilities.length)],
      SeverityLevel: severity,
      ProcessName: program,
      ProcessID: draw.integer(32_768),
      SyslogMessage: text,
    });
  };
  return { next, answers };
}
