import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseDatetime,
  parseDecimal,
  parseLong,
  parseReal,
  parseTimespan,
  ticksOf,
} from './literals.js';
import { formatDatetime, formatTimespan } from './parser.js';

void test('reads datetimes in their forms', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['2016-02-17T08:40:00.1234567Z', '2016-02-17T08:40:00.1234567Z'],
    ['2016-02-17 08:40', '2016-02-17T08:40:00.0000000Z'],
    ['2016-02-17', '2016-02-17T00:00:00.0000000Z'],
    ['2016', '2016-01-01T00:00:00.0000000Z'],
    ['2016-02-17T08:40:00+02:00', '2016-02-17T06:40:00.0000000Z'],
    ['12/31/2017 11:59:59 PM', '2017-12-31T23:59:59.0000000Z'],
    ['Sat, 8 Nov 14 15:05:02 GMT', '2014-11-08T15:05:02.0000000Z'],
    ['0001-01-01', '0001-01-01T00:00:00.0000000Z'],
    ['9999-12-31T23:59:59.9999999', '9999-12-31T23:59:59.9999999Z'],
    ['2023-02-29', undefined],
    ['2024-02-29', '2024-02-29T00:00:00.0000000Z'],
    ['tomorrow', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    const ticks = parseDatetime(text);
    assert.equal(ticks === undefined ? undefined : formatDatetime(ticks), expected, text);
  }
});

void test('reads timespans in their forms', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['1.02:03:04.5', '1.02:03:04.5000000'],
    ['02:03', '02:03:00'],
    ['-00:00:01', '-00:00:01'],
    ['2', '2.00:00:00'],
    ['15 seconds', '00:00:15'],
    ['25:00:00', undefined],
    ['x', undefined],
  ];
  for (const [text, expected] of cases) {
    const ticks = parseTimespan(text);
    assert.equal(ticks === undefined ? undefined : formatTimespan(ticks), expected, text);
  }
  assert.equal(ticksOf('1.5', 'h'), 54_000_000_000n);
  assert.equal(ticksOf('1', 'tick'), 1n);
});

void test('reads numbers to their limits', () => {
  assert.equal(parseLong('-9223372036854775808'), -9223372036854775808n);
  assert.equal(parseLong('9223372036854775808'), undefined);
  assert.equal(parseLong('0xFF'), 255n);
  assert.equal(parseLong('0xFFFFFFFFFFFFFFFF'), -1n);
  assert.equal(parseReal('1e5'), 1e5);
  assert.ok(Number.isNaN(parseReal('nan')));
  assert.equal(parseReal('1e'), undefined);
  assert.equal(parseDecimal('1.50'), '1.5');
  assert.equal(parseDecimal('-12e-2'), '-0.12');
  assert.equal(parseDecimal('.'), undefined);
});
