import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greatestDatetimeTicks } from '@strongroom/sql';
import { HttpError } from '../http/errors.js';
import { printDatetime, readDatetime, readTimeRange } from './time-range.js';

const now = readDatetime('2026-03-31T12:00:00Z')!;
const read = (text: string): [string, string] => {
  const { start, end } = readTimeRange(text, now);
  return [printDatetime(start), printDatetime(end)];
};

test('reads every form of a timespan', () => {
  const cases: [string, string, string][] = [
    ['PT1H', '2026-03-31T11:00:00.0000001Z', '2026-03-31T12:00:00.0000001Z'],
    ['pt90m', '2026-03-31T10:30:00.0000001Z', '2026-03-31T12:00:00.0000001Z'],
    ['P1D', '2026-03-30T12:00:00.0000001Z', '2026-03-31T12:00:00.0000001Z'],
    ['P2W', '2026-03-17T12:00:00.0000001Z', '2026-03-31T12:00:00.0000001Z'],
    ['P1M', '2026-02-28T12:00:00.0000001Z', '2026-03-31T12:00:00.0000001Z'],
    ['P1Y', '2025-03-31T12:00:00.0000001Z', '2026-03-31T12:00:00.0000001Z'],
    ['P1DT2H30M0.5S', '2026-03-30T09:29:59.5000001Z', '2026-03-31T12:00:00.0000001Z'],
    [
      '1970-01-01T00:00:00.000Z/1970-01-02T00:00:00.000Z',
      '1970-01-01T00:00:00.0000000Z',
      '1970-01-02T00:00:00.0000000Z',
    ],
    ['2026-01-01/PT1H', '2026-01-01T00:00:00.0000000Z', '2026-01-01T01:00:00.0000000Z'],
    [
      'PT1H/2026-01-01T00:00:00+02:00',
      '2025-12-31T21:00:00.0000000Z',
      '2025-12-31T22:00:00.0000000Z',
    ],
    [
      '2026-01-01T00:00:00.1234567Z/2026-01-01T00:00:01Z',
      '2026-01-01T00:00:00.1234567Z',
      '2026-01-01T00:00:01.0000000Z',
    ],
  ];
  for (const [text, start, end] of cases) assert.deepEqual(read(text), [start, end], text);
});

test('ranges are cut at the ends of time', () => {
  assert.equal(readTimeRange('P9999Y', now).start, 0n);
  assert.equal(
    readTimeRange('9999-12-31T23:59:59.9999999Z/P10D', now).end,
    greatestDatetimeTicks + 1n,
  );
});

test('refuses what is no timespan', () => {
  const cases = [
    '',
    'P',
    'PT',
    'P1',
    '1H',
    'P1H',
    'PT1D',
    '-PT1H',
    'P1DT',
    'a/b',
    '/',
    'PT1H/PT1H',
    '2026-01-02/2026-01-01',
    '2026-02-30/P1D',
    '2026-01-01T25:00/P1D',
    '2026-1-1/P1D',
    'P1D/2026-01-01/x',
    `PT${'9'.repeat(400)}S`,
  ];
  for (const text of cases) {
    assert.throws(
      () => readTimeRange(text, now),
      (error) => error instanceof HttpError && error.status === 400,
      text,
    );
  }
});
