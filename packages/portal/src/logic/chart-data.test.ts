import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartKindOf, chartModel, stackedValues, suggestedKind } from './chart-data.js';
import { seriesMax } from './limits.js';

const timeColumns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'Computer', type: 'string' },
  { name: 'avg_CounterValue', type: 'real' },
];

test('a timechart splits text columns into series and orders time', () => {
  const model = chartModel(
    {
      columns: timeColumns,
      rows: [
        ['2026-01-01T00:01:00Z', 'a', 2],
        ['2026-01-01T00:00:00Z', 'a', 1],
        ['2026-01-01T00:01:00Z', 'b', 5],
        ['2026-01-01T00:01:00Z', 'b', 'NaN'],
      ],
    },
    'timechart',
    'utc',
  );
  assert.equal(model.shape, 'xy');
  if (model.shape !== 'xy') return;
  const start = Date.UTC(2026, 0, 1) / 1000;
  assert.deepEqual(model.x, [start, start + 60]);
  assert.deepEqual(model.series, [
    { name: 'b', values: [null, 5] },
    { name: 'a', values: [1, 2] },
  ]);
  assert.equal(model.yName, 'avg_CounterValue');
});

test('columns named in render decide', () => {
  const model = chartModel(
    {
      columns: [
        { name: 'a', type: 'long' },
        { name: 'b', type: 'long' },
        { name: 'c', type: 'long' },
      ],
      rows: [[1, 2, 3]],
      rendering: { visualization: 'linechart', xColumn: 'C', yColumns: ['a'] },
    },
    'linechart',
    'utc',
  );
  assert.ok(model.shape === 'xy');
  assert.deepEqual(model.x, [3]);
  assert.deepEqual(model.series, [{ name: 'a', values: [1] }]);
});

test('bars keep the order of the rows', () => {
  const model = chartModel(
    {
      columns: [
        { name: 'Facility', type: 'string' },
        { name: 'count_', type: 'long' },
      ],
      rows: [
        ['kern', 5],
        ['auth', 9],
        [null, 1],
      ],
    },
    'barchart',
    'utc',
  );
  assert.ok(model.shape === 'bars');
  assert.deepEqual(model.categories, ['kern', 'auth', '(empty)']);
  assert.equal(model.valueMax, 9);
});

test('a pie folds the small rest into one slice', () => {
  const rows = Array.from({ length: 20 }, (_, at) => [`k${at}`, 20 - at]);
  const model = chartModel(
    {
      columns: [
        { name: 'k', type: 'string' },
        { name: 'n', type: 'long' },
      ],
      rows,
    },
    'piechart',
    'utc',
  );
  assert.ok(model.shape === 'pie');
  assert.equal(model.slices.length, 8);
  assert.equal(model.slices.at(-1)?.name, 'Other (13)');
  assert.equal(
    model.slices.reduce((sum, slice) => sum + slice.value, 0),
    model.total,
  );
});

test('series beyond the limit are left out and counted, the smallest first', () => {
  const rows = Array.from({ length: seriesMax + 3 }, (_, at) => [
    '2026-01-01T00:00:00Z',
    `host${at}`,
    at + 1,
  ]);
  const model = chartModel({ columns: timeColumns, rows }, 'timechart', 'utc');
  assert.ok(model.shape === 'xy');
  assert.equal(model.series.length, seriesMax);
  assert.equal(model.seriesLeftOut, 3);
  assert.equal(model.series[0]?.name, `host${seriesMax + 2}`);
});

test('says why nothing can be drawn', () => {
  const columns = [{ name: 'a', type: 'string' }];
  assert.equal(chartModel({ columns, rows: [] }, 'piechart', 'utc').shape, 'none');
  assert.equal(chartModel({ columns, rows: [['x']] }, 'columnchart', 'utc').shape, 'none');
});

test('a card shows the first row', () => {
  const model = chartModel(
    { columns: [{ name: 'Count', type: 'long' }], rows: [[1234567]] },
    'card',
    'utc',
  );
  assert.deepEqual(model, { shape: 'card', values: [{ name: 'Count', text: '1,234,567' }] });
});

test('stacks to sums or to a hundred percent', () => {
  const series = [
    { name: 'a', values: [1, 0] },
    { name: 'b', values: [3, null] },
  ];
  assert.deepEqual(stackedValues(series, false), [
    [1, 0],
    [4, 0],
  ]);
  assert.deepEqual(stackedValues(series, true), [
    [25, 0],
    [100, 0],
  ]);
});

test('kinds are found by name and suggested by type', () => {
  assert.equal(chartKindOf('stackedareachart'), 'areachart');
  assert.equal(chartKindOf('table'), undefined);
  assert.equal(chartKindOf('constructor'), undefined);
  assert.equal(suggestedKind(timeColumns), 'timechart');
  assert.equal(suggestedKind([{ name: 'n', type: 'long' }]), 'card');
  assert.equal(suggestedKind([{ name: 's', type: 'string' }]), undefined);
});
