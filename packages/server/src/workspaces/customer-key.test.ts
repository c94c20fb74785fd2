import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { StrongroomError } from '@strongroom/base';
import { openLocalKeystore, rewrapWorkspaceKeyRecord } from '@strongroom/keys';
import type { KeyProvider } from '@strongroom/keys';
import { nodeFileSystem, sha256, systemClock, systemRandom } from '@strongroom/platform';
import type { WorkspaceRecord } from '../catalog/catalog.js';
import { createLog } from '../log.js';
import { Gate } from './gate.js';
import { workspaceFixture } from './workspace-fixture.test.js';
import { openWorkspaces } from './workspaces.js';

const hourMs = 3_600_000;

/** Waits for what followers do by themselves. */
async function until(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3_000; tries += 1) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('it did not happen');
}

test('an hour without the provider is waited out, a longer one and a refusal are not', async () => {
  const fixture = await workspaceFixture();
  const root = await mkdtemp(join(tmpdir(), 'strongroom-customer-key-'));
  const ports = { fs: nodeFileSystem, random: systemRandom };
  const local = await openLocalKeystore({ ...ports, path: join(root, 'key'), create: true });
  let state: 'there' | 'KEYS_UNREACHABLE' | 'KEYS_REVOKED' = 'there';
  let asked = 0;
  const customer: KeyProvider = {
    ...local,
    id: 'azurekeyvault:https://vault.example/keys/cmk',
    wrap: (plain, context) => local.wrap(plain, context),
    unwrap: (wrapped, context) => {
      asked += 1;
      return state === 'there'
        ? local.unwrap(wrapped, context)
        : Promise.reject(new StrongroomError(state, 'as the test says'));
    },
    close: () => undefined,
  };
  const record: WorkspaceRecord = {
    ...fixture.record,
    keyRecord: await rewrapWorkspaceKeyRecord({
      from: fixture.keyProvider,
      to: customer,
      record: fixture.record.keyRecord,
      workspaceId: fixture.id,
    }),
  };
  let shiftMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + shiftMs };
  const set = openWorkspaces({
    ...ports,
    root: fixture.directory.slice(0, fixture.directory.indexOf('/regions/')),
    catalog: { ...fixture.catalog, workspace: () => record, workspaces: () => [record] },
    keyProvider: fixture.keyProvider,
    providers: { open: async () => customer },
    signer: fixture.signer,
    clock,
    sha256,
    log: createLog(() => undefined, Date.now),
    limits: { keyCheckMs: 5, keyGraceMs: hourMs, engineIdleMs: 100 * hourMs },
  });
  const isSealed = async (): Promise<boolean> => (await set.keyWork(fixture.id)) === undefined;
  const checks = async (count: number): Promise<void> => {
    const from = asked;
    await until(async () => asked >= from + count);
  };
  try {
    await set.openAll();
    assert.equal(await isSealed(), false);
    state = 'KEYS_UNREACHABLE';
    await checks(2);
    shiftMs += hourMs - 60_000;
    await checks(3);
    assert.equal(await isSealed(), false, 'within the hour');
    shiftMs += 60_000;
    await until(isSealed);
    state = 'there';
    await until(async () => !(await isSealed()));
    // The hour begins anew.
    state = 'KEYS_UNREACHABLE';
    await checks(3);
    assert.equal(await isSealed(), false);
    state = 'KEYS_REVOKED';
    await until(isSealed);
    const workspace = await set.open(fixture.id);
    await assert.rejects(workspace.storedTables(), { code: 'WORKSPACE_KEY_AWAY' });
    await assert.rejects(async () => workspace.changeRows(async () => undefined), {
      code: 'WORKSPACE_KEY_AWAY',
    });
    // What must be on record still is.
    await workspace.appendAudit('AzureActivity', { OperationName: 'while it is away' });
    state = 'there';
    await until(async () => !(await isSealed()));
  } finally {
    await set.close();
    await fixture.remove();
    await rm(root, { recursive: true, force: true });
  }
});

test('a gate lets many pass, and one alone', async () => {
  const gate = new Gate();
  const seen: string[] = [];
  let leave = (): void => undefined;
  const first = gate.pass(() => new Promise<void>((resolve) => (leave = resolve)));
  const alone = gate.alone(async () => {
    seen.push('alone');
  });
  await new Promise((resolve) => setImmediate(resolve));
  const second = gate.pass(async () => {
    seen.push('second');
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, []);
  leave();
  await Promise.all([first, alone, second]);
  assert.deepEqual(seen, ['alone', 'second']);
  await assert.rejects(
    gate.alone(() => Promise.reject(new Error('no'))),
    /no/,
  );
  await gate.pass(async () => undefined);
});
