import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facilityFor, isoTime, parseSyslogLine } from './syslog-line.js';

const utc = (
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number => Date.UTC(year, month, day, hour, minute, second);

const at = (now: string) => ({ nowMs: Date.parse(now), localTime: utc, times: new Map() });
const parse = (line: string): Record<string, unknown> => {
  const { timeMs, ...rest } = parseSyslogLine(line, at('2026-11-23T22:00:00Z'));
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return timeMs === undefined ? said : { ...said, time: new Date(timeMs).toISOString() };
};

test('reads the traditional form, its file form with ISO times, and RFC 5424', () => {
  const cases: [string, Record<string, unknown>][] = [
    [
      'Nov 23 21:03:11 web1 sshd[42]: Accepted publickey for root',
      {
        time: '2026-11-23T21:03:11.000Z',
        host: 'web1',
        process: 'sshd',
        processId: 42,
        message: 'Accepted publickey for root',
      },
    ],
    [
      'Nov  3 21:03:11 web1 kernel: [    0.1] x',
      { time: '2026-11-03T21:03:11.000Z', host: 'web1', process: 'kernel', message: '[    0.1] x' },
    ],
    [
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
      {
        time: '2026-10-11T22:14:15.000Z',
        facility: 'auth',
        severity: 'crit',
        host: 'mymachine',
        process: 'su',
        message: "'su root' failed for lonvick on /dev/pts/8",
      },
    ],
    [
      '2026-11-23T22:03:11.123456+01:00 web1 systemd[1]: Started x.service.',
      {
        time: '2026-11-23T21:03:11.123Z',
        host: 'web1',
        process: 'systemd',
        processId: 1,
        message: 'Started x.service.',
      },
    ],
    [
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="App\\]lication"] \uFEFFAn application event',
      {
        time: '2003-10-11T22:14:15.003Z',
        facility: 'local4',
        severity: 'notice',
        host: 'mymachine.example.com',
        process: 'evntslog',
        message: '[exampleSDID@32473 iut="3" eventSource="App\\]lication"] An application event',
      },
    ],
    [
      "<34>1 2003-10-11T22:14:15.003Z - - 77 - - 'su root' failed",
      {
        time: '2003-10-11T22:14:15.003Z',
        facility: 'auth',
        severity: 'crit',
        processId: 77,
        message: "'su root' failed",
      },
    ],
    [
      'Nov 23 21:03:11 web1 no tag here',
      { time: '2026-11-23T21:03:11.000Z', host: 'web1', message: 'no tag here' },
    ],
    [
      'Nov 23 21:03:11 web1 app[abc]: x',
      { time: '2026-11-23T21:03:11.000Z', host: 'web1', process: 'app', message: 'x' },
    ],
    [
      'Nov 23 21:03:11 web1 app[99999999999]: x',
      { time: '2026-11-23T21:03:11.000Z', host: 'web1', process: 'app', message: 'x' },
    ],
  ];
  for (const [line, expected] of cases) assert.deepEqual(parse(line), expected, line);
});

test('keeps what it cannot read whole, as the message', () => {
  for (const line of [
    '',
    'hello',
    '<',
    '<>x',
    '<999>x',
    '<192>x',
    'Xxx 99 99:99:99 a b',
    '2026-99-99T99:99:99Z a b',
    '2026',
    '\0',
  ]) {
    assert.deepEqual(parse(line), { message: line }, line);
  }
  assert.deepEqual(parse('<13>free text'), {
    facility: 'user',
    severity: 'notice',
    message: 'free text',
  });
  assert.deepEqual(parse('<34>1 not-a-time h a p m - x')['message'], '1 not-a-time h a p m - x');
});

test('a traditional time is in the year that puts it nearest before tomorrow', () => {
  const year = (line: string, now: string): number =>
    new Date(parseSyslogLine(line, at(now)).timeMs!).getUTCFullYear();
  assert.equal(year('Dec 31 23:59:59 h x', '2026-01-01T00:00:05Z'), 2025);
  assert.equal(year('Jan  1 00:00:01 h x', '2026-12-31T23:59:58Z'), 2027);
  assert.equal(year('Mar  1 00:00:01 h x', '2026-11-23T00:00:00Z'), 2026);
  assert.equal(year('Dec 24 00:00:01 h x', '2026-11-23T00:00:00Z'), 2025);
});

test('a line of a megabyte takes no time to speak of', () => {
  for (const line of [
    `<34>1 ${'['.repeat(1e6)}`,
    `Nov 23 21:03:11 h ${'a'.repeat(1e6)}`,
    `<34>1 - - - - - [a b="${'\\'.repeat(1e6)}`,
  ]) {
    parseSyslogLine(line, at('2026-11-23T22:00:00Z'));
  }
});

test('times with zones only', () => {
  assert.equal(isoTime('2026-11-23T21:03:11Z'), Date.UTC(2026, 10, 23, 21, 3, 11));
  assert.equal(isoTime('2026-11-23T21:03:11+0130'), Date.UTC(2026, 10, 23, 19, 33, 11));
  assert.equal(isoTime('2026-06-30T23:59:60Z'), Date.UTC(2026, 5, 30, 23, 59, 59));
  assert.equal(isoTime('2026-11-23T21:03:11'), undefined);
  assert.equal(isoTime('yesterday'), undefined);
});

test('concludes the facility from file, then process, then not at all', () => {
  assert.equal(facilityFor('/var/log/auth.log', 'cron'), 'authpriv');
  assert.equal(facilityFor('/var/log/syslog', 'kernel'), 'kern');
  assert.equal(facilityFor('/var/log/syslog', 'CRON'), 'cron');
  assert.equal(facilityFor('/var/log/syslog', 'nginx'), 'user');
  assert.equal(facilityFor('/var/log/messages', undefined), 'user');
});
