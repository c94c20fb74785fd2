import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimeMarks } from './time-marks.js';

test('what it calls older is older', () => {
  const marks = new TimeMarks();
  const times: number[] = [];
  for (let position = 0; position < 500; position += 1) {
    const time = position * 7_000;
    times.push(time);
    marks.add(time, BigInt(position));
  }
  for (const time of [0, 1, 60_000, 1_000_000, 3_400_000]) {
    const first = Number(marks.firstAfter(time) ?? 500n);
    assert.ok(
      times.slice(0, first).every((each) => each < time),
      `all below ${first} before ${time}`,
    );
    const exact = times.findIndex((each) => each >= time);
    assert.ok(exact - first <= 10, 'not much more than needed is kept');
  }
  assert.equal(marks.firstAfter(times.at(-1)! + 600_000), undefined);
  marks.forgetBefore(1_000_000);
  assert.ok(times.slice(0, Number(marks.firstAfter(1_000_000))).every((each) => each < 1_000_000));
});
