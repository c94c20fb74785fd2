import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workspaceId } from '@strongroom/base';
import { createCheckTransform } from './transform.js';

const check = createCheckTransform(() => 639_130_392_000_000_000n);
const codes = (text: string) =>
  check({
    text,
    input: {
      name: 'source',
      columns: [
        { name: 'Time', type: 'datetime' },
        { name: 'RawData', type: 'string' },
      ],
    },
    output: {
      name: 'Text_CL',
      columns: [
        { name: 'TimeGenerated', type: 'datetime' },
        { name: 'RawData', type: 'string' },
      ],
    },
    workspaceId: workspaceId('6d0a4e2c-0000-4000-8000-000000000001'),
  }).map(({ code }) => code);

void test('takes a transformation that gives the time', () => {
  assert.deepEqual(codes('source | extend TimeGenerated = Time, NotInTheTable = 1'), []);
  assert.deepEqual(codes('source | project TimeGenerated = ingestion_time(), RawData'), []);
});

void test('refuses what does not compile, and what gives no time', () => {
  assert.deepEqual(codes('source | where Nope == 1'), ['InvalidTransformQuery']);
  assert.deepEqual(codes('source | where RawData != ""'), ['InvalidTransformOutput']);
  assert.deepEqual(codes('source | extend timegenerated = Time'), ['InvalidTransformOutput']);
});
