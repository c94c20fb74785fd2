import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  boundsOf,
  durationMs,
  inputOfInstant,
  instantOfInput,
  labelOf,
  parseTimeRange,
  printTimeRange,
  timePresets,
  timespanOf,
} from './timespan.js';

test('reads every preset back as it was written', () => {
  for (const preset of timePresets) {
    const range = parseTimeRange(preset.duration);
    assert.ok(range);
    assert.equal(printTimeRange(range), preset.duration);
    assert.equal(labelOf(range, 'utc'), preset.label);
  }
});

test('reads durations', () => {
  const cases: [string, number | undefined][] = [
    ['PT30M', 1_800_000],
    ['P1DT1H', 90_000_000],
    ['PT5S', 5_000],
    ['P', undefined],
    ['PT', undefined],
    ['P1M', undefined],
    ['1h', undefined],
  ];
  for (const [text, ms] of cases) assert.equal(durationMs(text), ms, text);
});

test('refuses what is no range', () => {
  for (const text of ['', 'PT0S', 'yesterday', '2026-01-02/2026-01-01', 'x/y', '2026-01-01/'])
    assert.equal(parseTimeRange(text), undefined, text);
});

test('a custom range crosses the wire as start/end', () => {
  const range = parseTimeRange('2026-01-01T00:00:00.000Z/2026-01-02T00:00:00.000Z');
  assert.ok(range);
  assert.equal(timespanOf(range), '2026-01-01T00:00:00.000Z/2026-01-02T00:00:00.000Z');
  assert.deepEqual(boundsOf(range, 0), {
    fromMs: Date.UTC(2026, 0, 1),
    toMs: Date.UTC(2026, 0, 2),
  });
});

test('a range set in the query sends none', () => {
  assert.equal(timespanOf({ kind: 'query' }), undefined);
  assert.equal(boundsOf({ kind: 'query' }, 1), undefined);
});

test('input values are read in the zone that is shown', () => {
  assert.equal(instantOfInput('2026-03-04T05:06', 'utc'), '2026-03-04T05:06:00.000Z');
  assert.equal(instantOfInput('nonsense', 'utc'), undefined);
  const ms = Date.UTC(2026, 2, 4, 5, 6, 7);
  assert.equal(inputOfInstant(ms, 'utc'), '2026-03-04T05:06:07');
  assert.equal(Date.parse(instantOfInput(inputOfInstant(ms, 'local'), 'local') ?? ''), ms);
});
