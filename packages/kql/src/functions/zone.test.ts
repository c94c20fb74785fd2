import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testRows } from './values.test.js';
import { changesOf } from './zone.js';

const times = `datatable(n: long, t: datetime) [
  1, datetime(2020-02-02 20:02:20), 2, datetime(2023-03-26 01:30), 3, datetime(2023-03-26 02:30),
  4, datetime(2023-10-29 02:30), 5, datetime(1960-06-01 12:00:00.1234567), 6, datetime(2045-07-01), 7, datetime(null)]`;

testRows('zones of columns', [
  [
    `datatable(t: datetime, z: string)[datetime(2020-02-02 20:02:20), 'US/Pacific', datetime(2020-02-02 20:02:20), 'America/Chicago', datetime(2020-02-02 20:02:20), 'Europe/Paris', datetime(2020-02-02), 'Nowhere', datetime(2020-02-02), '']
     | project u = datetime_local_to_utc(t, z), l = datetime_utc_to_local(t, z)`,
    [
      ['2020-02-03T04:02:20Z', '2020-02-02T12:02:20Z'],
      ['2020-02-03T02:02:20Z', '2020-02-02T14:02:20Z'],
      ['2020-02-02T19:02:20Z', '2020-02-02T21:02:20Z'],
      [null, null],
      [null, null],
    ],
  ],
  // As with a constant, on both sides of the clocks' changes.
  ...['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'].map(
    (zone) =>
      [
        `${times} | extend z = strcat('${zone}', iff(n > 100, 'x', '')) | where isnotnull(datetime_local_to_utc(t, z)) != isnotnull(t) or datetime_local_to_utc(t, z) != datetime_local_to_utc(t, '${zone}') or datetime_utc_to_local(t, z) != datetime_utc_to_local(t, '${zone}') | count`,
        [[0]],
      ] as const,
  ),
]);

void test('a zone is the times at which its clocks change', () => {
  assert.equal(changesOf('Asia/Kolkata/x y'), undefined);
  const changes = JSON.parse(changesOf('Europe/Berlin') ?? '[]') as [number, number][];
  assert.ok(changes.length > 200 && changes.length < 400);
  assert.ok(changes.every(([from], index) => index === 0 || from > (changes[index - 1]?.[0] ?? 0)));
  // 2023-03-26T01:00:00Z, two hours.
  assert.ok(changes.some(([from, offset]) => from === 638_153_892_000_000_000 && offset === 72e9));
});
