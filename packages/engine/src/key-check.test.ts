import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { EngineError } from './errors.js';
import { checkKeys, orderedKeys } from './key-check.js';

const root = await mkdtemp(join(tmpdir(), 'strongroom-keys-'));
after(() => rm(root, { recursive: true, force: true }));
const file = join(root, 'keys.json');
const key = (fill: number, size = 32): Uint8Array => new Uint8Array(size).fill(fill);
const code = (expected: string) => (error: unknown) =>
  error instanceof EngineError && error.code === expected;

it('keys may be added and left out, and never be others', async () => {
  await checkKeys(file, { current: 1, keys: { 1: key(1) } });
  await checkKeys(file, { current: 2, keys: { 1: key(1), 2: key(2) } });
  await checkKeys(file, { current: 2, keys: { 2: key(2) } });
  const wrong = code('ENGINE_WRONG_KEY');
  await assert.rejects(checkKeys(file, { current: 2, keys: { 2: key(3) } }), wrong);
  await assert.rejects(checkKeys(file, { current: 2, keys: { 1: key(2), 2: key(2) } }), wrong);
  await assert.rejects(checkKeys(file, { current: 9, keys: { 9: key(9) } }), wrong);
  const text = await readFile(file, 'utf8');
  assert.deepEqual(Object.keys(JSON.parse(text).fingerprints), ['1', '2']);
  await writeFile(file, text.slice(0, 30));
  await assert.rejects(
    checkKeys(file, { current: 1, keys: { 1: key(1) } }),
    code('ENGINE_DAMAGED'),
  );
});

it('keys are of one size that the cipher has', () => {
  const bad = code('ENGINE_BAD_OPTION');
  assert.equal(orderedKeys({ current: 0, keys: { 0: key(1, 16) } }).length, 1);
  assert.throws(() => orderedKeys({ current: 0, keys: {} }), bad);
  assert.throws(() => orderedKeys({ current: 0, keys: { 0: key(1, 24) } }), bad);
  assert.throws(() => orderedKeys({ current: 0, keys: { 0: key(1), 1: key(1, 16) } }), bad);
  assert.throws(() => orderedKeys({ current: 2, keys: { 1: key(1) } }), bad);
});
