import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { concatBytes, utf8, workspaceId } from '@strongroom/base';
import { FaultyFs, ManualClock, seededRandom } from '@strongroom/testkit';
import { openLocalKeystore } from './local-keystore.js';
import {
  createWorkspaceKeyRecord,
  describeWorkspaceKeyRecord,
  openWorkspaceKeys,
  pruneWorkspaceKeyRecord,
  rewrapWorkspaceKeyRecord,
  rotateWorkspaceKeyRecord,
  sealingKeysOf,
} from './workspace-keys.js';
import type { DataKeyPurpose, WorkspaceKeys } from './workspace-keys.js';

const random = seededRandom('workspace keys');
const clock = new ManualClock();
const fs = new FaultyFs();
const provider = await openLocalKeystore({ path: '/root.key', fs, random, create: true });
const [a, b] = [workspaceId(random.uuid()), workspaceId(random.uuid())];
const record = await createWorkspaceKeyRecord({ provider, workspaceId: a, random, clock });
const open = (): Promise<WorkspaceKeys> =>
  openWorkspaceKeys({ provider, record, workspaceId: a, random });
const codes = ['KEYS_OPEN_FAILED', 'KEYS_UNKNOWN_KEY', 'KEYS_MALFORMED', 'KEYS_BAD_KEY'];
const refused = (error: { code?: string }): boolean => codes.includes(error.code ?? '');

/** Of the record's first key: its fields, the provider's name and a wrapped key. */
const entrySize = 2 + 16 + 8 + (1 + 38) + 2 + (2 + 78);

void describe('workspace keys', () => {
  void test('unwrap the data keys that they made, also when opened again', async () => {
    const keys = await open();
    for (const purpose of ['journal-segment', 'engine-disk', 'spool', 'saved'] as const) {
      const made = keys.createDataKey(purpose, 'number 1');
      assert.equal(made.key.length, 32);
      assert.match(made.keyId, /^[0-9a-f]{32}$/);
      assert.equal(Buffer.from(made.wrapped).includes(Buffer.from(made.key)), false);
      const again = (await open()).unwrapDataKey(purpose, made.wrapped, 'number 1');
      assert.deepEqual(again, made);
      assert.equal(keys.wrappingKeyId(made.wrapped), keys.currentKeyId);
    }
  });

  void test('make another data key each time', async () => {
    const keys = await open();
    const made = Array.from({ length: 50 }, () => keys.createDataKey('spool', 'same').key);
    assert.equal(new Set(made.map((key) => Buffer.from(key).toString('hex'))).size, 50);
  });

  void test('do not unwrap for another purpose, context or workspace', async () => {
    const keys = await open();
    const { wrapped } = keys.createDataKey('journal-segment', 'segment 1');
    const purposes: DataKeyPurpose[] = ['engine-disk', 'spool', 'saved'];
    for (const purpose of purposes) {
      assert.throws(() => keys.unwrapDataKey(purpose, wrapped, 'segment 1'), refused);
    }
    for (const context of ['segment 2', 'segment 1 ', 'segment']) {
      assert.throws(() => keys.unwrapDataKey('journal-segment', wrapped, context), refused);
    }
    const other = await openWorkspaceKeys({
      record: await createWorkspaceKeyRecord({ provider, workspaceId: b, random, clock }),
      provider,
      workspaceId: b,
      random,
    });
    assert.throws(() => other.unwrapDataKey('journal-segment', wrapped, 'segment 1'), {
      code: 'KEYS_UNKNOWN_KEY',
    });
    for (const context of ['', 'x'.repeat(513)]) {
      assert.throws(() => keys.createDataKey('spool', context), { code: 'KEYS_BAD_NAME' });
    }
  });

  void test('do not unwrap a data key with any bit changed or byte missing', async () => {
    const keys = await open();
    const { wrapped } = keys.createDataKey('journal-segment', 's');
    for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
      const copy = new Uint8Array(wrapped);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      assert.throws(() => keys.unwrapDataKey('journal-segment', copy, 's'), refused, `bit ${bit}`);
    }
    for (let size = 0; size < wrapped.length; size += 1) {
      const cut = wrapped.subarray(0, size);
      assert.throws(() => keys.unwrapDataKey('journal-segment', cut, 's'), refused);
    }
  });

  void test('do not open as another workspace’s, or by another root key', async () => {
    const asB = openWorkspaceKeys({ provider, record, workspaceId: b, random });
    await assert.rejects(asB, { code: 'KEYS_OPEN_FAILED' });
    const other = await openLocalKeystore({ path: '/other.key', fs, random, create: true });
    const byOther = openWorkspaceKeys({ provider: other, record, workspaceId: a, random });
    await assert.rejects(byOther, { code: 'KEYS_UNKNOWN_KEY' });
  });

  void test('do not open from a record whose secret parts were changed, nor from a cut one', async () => {
    // Before the wrapped key lie the time and the provider's name, which only inform.
    const informs = new Set(
      [0, entrySize].flatMap((from) =>
        Array.from({ length: 8 + 1 + 38 }, (_, at) => 6 + from + 2 + 16 + at),
      ),
    );
    for (let bit = 0; bit < record.length * 8; bit += 1) {
      if (informs.has(bit >> 3)) continue;
      const copy = new Uint8Array(record);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      const opened = openWorkspaceKeys({ provider, record: copy, workspaceId: a, random });
      await assert.rejects(opened, refused, `byte ${bit >> 3}`);
    }
    for (let size = 0; size < record.length; size += 1) {
      const cut = record.subarray(0, size);
      const opened = openWorkspaceKeys({ provider, record: cut, workspaceId: a, random });
      await assert.rejects(opened, { code: 'KEYS_MALFORMED' });
    }
  });

  const changed = (at: number, value: number): Uint8Array => record.with(at, value);
  const malformed: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['another magic', changed(0, 0x58)],
    ['an unknown version', changed(4, 2)],
    ['no keys', new Uint8Array([...utf8('SRWK'), 1, 0])],
    ['fewer keys than it counts', changed(5, 3)],
    ['bytes left over', concatBytes(record, new Uint8Array(1))],
    ['an unknown kind of key', changed(6, 9)],
    ['an unknown state', changed(7, 9)],
    ['no current key', changed(7, 2)],
    ['one key twice', concatBytes(changed(5, 3), record.subarray(6 + entrySize))],
    ['two current keys', concatBytes(changed(5, 3), record.subarray(6, 6 + entrySize))],
    ['a public key of another size', changed(6, 2)],
    ['a provider that is no text', changed(4 + 2 + 2 + 16 + 8 + 1, 0xff)],
    ['megabytes', new Uint8Array(300_000)],
  ];
  for (const [what, bytes] of malformed) {
    void test(`do not open from a record with ${what}`, async () => {
      const opened = openWorkspaceKeys({ provider, record: bytes, workspaceId: a, random });
      await assert.rejects(opened, { code: 'KEYS_MALFORMED' });
    });
  }

  void test('open what was sealed to their public key while they were away', async () => {
    const away = sealingKeysOf({ record, workspaceId: a, random })!;
    const made = away.createDataKey('journal-segment', 'segment 7');
    const keys = await open();
    assert.deepEqual(keys.unwrapDataKey('journal-segment', made.wrapped, 'segment 7'), made);
    assert.throws(() => keys.unwrapDataKey('spool', made.wrapped, 'segment 7'), refused);
    assert.throws(() => keys.unwrapDataKey('journal-segment', made.wrapped, 'segment 8'), refused);
    for (let bit = 0; bit < made.wrapped.length * 8; bit += 1) {
      const copy = new Uint8Array(made.wrapped);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      assert.throws(() => keys.unwrapDataKey('journal-segment', copy, 'segment 7'), refused);
    }
    const rewrapped = keys.rewrapDataKey('journal-segment', made.wrapped, 'segment 7');
    assert.equal(keys.wrappingKeyId(rewrapped), keys.currentKeyId);
    const again = keys.unwrapDataKey('journal-segment', rewrapped, 'segment 7');
    assert.deepEqual([again.keyId, again.key], [made.keyId, made.key]);
    keys.close();
    assert.throws(() => keys.unwrapDataKey('journal-segment', made.wrapped, 'segment 7'), {
      code: 'KEYS_CLOSED',
    });
  });

  void test('rotate: what the old key wrapped opens until it is rewrapped and the key dropped', async () => {
    const before = await open();
    const { wrapped, key } = before.createDataKey('engine-disk', 'disk');
    const sealed = sealingKeysOf({ record, workspaceId: a, random })!.createDataKey('spool', 's');
    const rotated = await rotateWorkspaceKeyRecord({
      provider,
      record,
      workspaceId: a,
      random,
      clock,
    });
    const openRotated = (bytes: Uint8Array): Promise<WorkspaceKeys> =>
      openWorkspaceKeys({ provider, record: bytes, workspaceId: a, random });
    const after = await openRotated(rotated);
    assert.notEqual(after.currentKeyId, before.currentKeyId);
    assert.deepEqual(after.unwrapDataKey('engine-disk', wrapped, 'disk').key, key);
    assert.deepEqual(after.unwrapDataKey('spool', sealed.wrapped, 's').key, sealed.key);
    const rewrapped = after.rewrapDataKey('engine-disk', wrapped, 'disk');
    const pruned = pruneWorkspaceKeyRecord(rotated, new Set());
    assert.deepEqual(
      describeWorkspaceKeyRecord(pruned).map(({ state }) => state),
      ['current', 'current'],
    );
    const last = await openRotated(pruned);
    assert.deepEqual(last.unwrapDataKey('engine-disk', rewrapped, 'disk').key, key);
    assert.throws(() => last.unwrapDataKey('engine-disk', wrapped, 'disk'), {
      code: 'KEYS_UNKNOWN_KEY',
    });
  });

  void test('move to another provider, and are its alone then', async () => {
    const other = await openLocalKeystore({ path: '/third.key', fs, random, create: true });
    const { wrapped, key } = (await open()).createDataKey('saved', 'x');
    const moved = await rewrapWorkspaceKeyRecord({
      from: provider,
      to: other,
      record,
      workspaceId: a,
    });
    const keys = await openWorkspaceKeys({
      provider: other,
      record: moved,
      workspaceId: a,
      random,
    });
    assert.deepEqual(keys.unwrapDataKey('saved', wrapped, 'x').key, key);
    for (const each of describeWorkspaceKeyRecord(moved)) assert.equal(each.providerId, other.id);
    const back = openWorkspaceKeys({ provider, record: moved, workspaceId: a, random });
    await assert.rejects(back, { code: 'KEYS_UNKNOWN_KEY' });
  });

  void test('do not open where the public key was exchanged', async () => {
    const at = 6 + entrySize + 2 + 16 + 8 + 39 + 2;
    const opened = openWorkspaceKeys({
      provider,
      record: record.with(at, record[at]! ^ 1),
      workspaceId: a,
      random,
    });
    await assert.rejects(opened, { code: 'KEYS_OPEN_FAILED' });
  });

  void test('are wiped when closed', async () => {
    const keys = await open();
    const { wrapped } = keys.createDataKey('spool', 's');
    keys.close();
    keys.close();
    assert.throws(() => keys.createDataKey('spool', 's'), { code: 'KEYS_CLOSED' });
    assert.throws(() => keys.unwrapDataKey('spool', wrapped, 's'), { code: 'KEYS_CLOSED' });
  });
});
