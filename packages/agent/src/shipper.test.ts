import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@strongroom/testkit';
import { parseRetryAfter } from './client.js';
import type { Answer, NoAnswer } from './client.js';
import { intervalMs, parseConfiguration } from './configuration.js';
import { limits } from './limits.js';
import { backoffMs, judge } from './shipper.js';

const answer = (status: number): Answer => ({
  arrived: true,
  status,
  text: '',
  retryAfterMs: undefined,
  header: () => undefined,
});
const none = (identityRefused: boolean): NoAnswer => ({
  arrived: false,
  identityRefused,
  reason: 'x',
});

test('each answer has one meaning', () => {
  const cases: [Answer | NoAnswer, ReturnType<typeof judge>][] = [
    [answer(204), 'sent'],
    [answer(200), 'sent'],
    [answer(304), 'refused'],
    [answer(400), 'refused'],
    [answer(401), 'identity'],
    [answer(403), 'identity'],
    [answer(404), 'refused'],
    [answer(408), 'again'],
    [answer(413), 'refused'],
    [answer(425), 'again'],
    [answer(429), 'again'],
    [answer(500), 'again'],
    [answer(503), 'again'],
    [none(false), 'again'],
    [none(true), 'identity'],
  ];
  for (const [given, expected] of cases) {
    assert.equal(judge(given), expected, JSON.stringify(given));
  }
});

test('reads Retry-After as seconds or a date, within bounds', () => {
  const now = Date.parse('2026-11-23T22:00:00Z');
  const cases: [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['0', 0],
    ['5', 5000],
    [' 5 ', 5000],
    ['999999999', limits.retryAfterMsMax],
    ['Mon, 23 Nov 2026 22:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2020 22:00:30 GMT', 0],
    ['soon', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseRetryAfter(text, now), expected, text);
});

test('waits longer after each failure, never the same, never beyond the limit', () => {
  const random = seededRandom(3);
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const waits = Array.from({ length: 50 }, () => backoffMs(attempt, random));
    const ceiling = Math.min(limits.backoffMaxMs, limits.backoffMinMs * 2 ** attempt);
    assert.ok(
      waits.every((ms) => ms >= limits.backoffMinMs / 2 && ms <= ceiling + limits.backoffMinMs),
    );
    assert.ok(new Set(waits).size > 25);
  }
});

test('a configuration is taken whole or not at all', () => {
  const syslog = { stream: 'Microsoft-Syslog', files: ['/var/log/syslog'], journald: true };
  assert.deepEqual(parseConfiguration({ etag: '1', syslog }), { etag: '1', syslog });
  for (const bad of [
    null,
    [],
    {},
    { etag: 1 },
    { etag: '1', syslog: { ...syslog, files: ['var/log'] } },
    { etag: '1', syslog: { ...syslog, files: ['/var/../etc/shadow'] } },
    { etag: '1', textFiles: [{ stream: 's', patterns: '*' }] },
    { etag: '1', heartbeat: { stream: 's', intervalSeconds: '60' } },
  ]) {
    assert.equal(parseConfiguration(bad), undefined, JSON.stringify(bad));
  }
  assert.equal(intervalMs(60), 60_000);
  assert.equal(intervalMs(0), 1000);
  assert.equal(intervalMs(-5), 1000);
  assert.equal(intervalMs(1e300), 86_400_000);
  assert.equal(intervalMs(Number.NaN), 86_400_000);
});
