import assert from 'node:assert/strict';
import type { Bench } from './bench.js';
import { blueskyColumns, blueskyRows } from './bluesky.js';
import type { BlueskyAnswers } from './bluesky.js';
import { writeDataSet } from './data.js';
import { median } from './figures.js';

const rows = 300_000;
const runs = 5;
const created = `Bsky_CL | where kind == 'commit' and tostring(commit.operation) == 'create'`;
const posts = `${created} and tostring(commit.collection) == 'app.bsky.feed.post'`;

const questions: readonly {
  name: string;
  kql: string;
  check: (rows: readonly unknown[][], answers: BlueskyAnswers) => void;
}[] = [
  {
    name: 'Q1 top event types',
    kql: `Bsky_CL | summarize n = count() by event = tostring(commit.collection) | order by n desc`,
    check: (found, { byCollection }) =>
      assert.deepEqual(new Map(found as [string, number][]), byCollection),
  },
  {
    name: 'Q2 with unique users',
    kql: `${created} | summarize n = count(), users = count_distinct(did) by event = tostring(commit.collection) | order by n desc`,
    check: (found, answers) => {
      const shown = found.map(([event, n, users]) => [event, [n, users]] as const);
      assert.deepEqual(
        new Map(shown),
        new Map(
          [...answers.created].map(([event, n]) => [event, [n, answers.users.get(event)?.size]]),
        ),
      );
    },
  },
  {
    name: 'Q3 by hour',
    kql: `${created} | extend event = tostring(commit.collection) | where event in ('app.bsky.feed.post', 'app.bsky.feed.repost', 'app.bsky.feed.like') | summarize n = count() by event, h = hourofday(TimeGenerated) | order by h asc, event asc`,
    check: (found, { byHour }) =>
      assert.deepEqual(
        new Map(found.map(([event, hour, n]) => [`${String(hour)} ${String(event)}`, n])),
        byHour,
      ),
  },
  {
    name: 'Q4 first three posters',
    kql: `${posts} | summarize t = min(time_us) by did | top 3 by t asc`,
    check: (found, { posters }) =>
      assert.deepEqual(
        found.map(([, time]) => time),
        [...posters.values()]
          .map(([first]) => first)
          .sort((a, b) => a - b)
          .slice(0, 3),
      ),
  },
  {
    name: 'Q5 longest activity spans',
    kql: `${posts} | summarize span = max(time_us) - min(time_us) by did | top 3 by span desc`,
    check: (found, { posters }) =>
      assert.deepEqual(
        found.map(([, span]) => span),
        [...posters.values()]
          .map(([first, last]) => last - first)
          .sort((a, b) => b - a)
          .slice(0, 3),
      ),
  },
];

/** JSONBench's five queries on rows of its shape. Layout: ordered by time, commits as JSON text. */
export async function jsonbench(bench: Bench): Promise<void> {
  const section = 'jsonbench';
  bench.say(`making ${rows} events …`);
  // Recent times, on the hour, so that the query's time range holds them.
  const shiftMs = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000 - 1_732_206_349_000;
  const { next, answers } = blueskyRows({ seed: 'bluesky-1', rows, shiftMs });
  const set = await writeDataSet({ directory: bench.directory, name: 'bluesky', next });
  const path = await bench.makeTable('Bsky_CL', blueskyColumns);
  bench.say('sending them …');
  const report = await bench.load(path, set.bodies, { connections: 4 });
  const queryableAt = await bench.untilCount('Bsky_CL | count', set.rows);
  bench.add({
    section,
    what: 'events ingested until queryable',
    unit: 'MB/s',
    value: set.bytes / 1e6 / ((queryableAt - report.startedAt) / 1000),
    note: `${set.rows} rows, ${(set.bytes / set.rows).toFixed(0)} B a line`,
  });
  await bench.settle();
  for (const { name, kql, check } of questions) {
    const times: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const started = performance.now();
      const found = await bench.query(kql);
      times.push(performance.now() - started);
      if (run === 0) check(found, answers);
    }
    const [cold = Number.NaN, ...hot] = times;
    bench.add({
      section,
      what: `jsonbench ${name}`,
      unit: 'ms',
      value: median(hot),
      spread: [Math.min(...hot), Math.max(...hot)],
      note: `first run ${cold.toFixed(0)} ms; ${set.rows} rows, ordered by time`,
    });
  }
}
