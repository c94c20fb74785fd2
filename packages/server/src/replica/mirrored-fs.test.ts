import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, hasCode, utf8 } from '@strongroom/base';
import { openJournal } from '@strongroom/journal';
import {
  FaultyFs,
  ManualClock,
  everyFailure,
  seededRandom,
  seedsFrom,
  testSegmentKeys,
} from '@strongroom/testkit';
import { alignReplicas, mirroredFs } from './mirrored-fs.js';

const root = '/data';
const replicas = ['/replica/a', '/replica/b'];
const workspace = 'regions/local/workspaces/w';
const where = `${workspace}/journal`;

async function disk(): Promise<FaultyFs> {
  const fs = new FaultyFs();
  for (const path of [`${root}/${workspace}`, ...replicas]) await fs.makeDirectory(path);
  const above = ['regions', 'regions/local', 'regions/local/workspaces'];
  const durable = ['/', root, ...above.map((name) => `${root}/${name}`), '/replica', ...replicas];
  for (const path of durable) await fs.syncDirectory(path);
  await alignReplicas(fs, { root, replicas });
  return fs;
}

const keys = testSegmentKeys('replica');
let opened = 0;
const journalOn = (fs: FaultyFs, directory: string): ReturnType<typeof openJournal> =>
  openJournal({
    directory,
    journalId: 'w',
    fs: mirroredFs(fs, { root, replicas }),
    clock: new ManualClock(),
    random: seededRandom(`replica/${(opened += 1)}`),
    keys,
  });

const entry = (text: string): { metadata: Uint8Array; payload: Uint8Array } => ({
  metadata: utf8('m'),
  payload: utf8(text),
});

/** Every file of the journal is the same in each replica. */
async function assertSame(fs: FaultyFs): Promise<void> {
  for (const name of await fs.list(`${root}/${where}`)) {
    const here = await fs.readFile(`${root}/${where}/${name}`);
    for (const replica of replicas) {
      assert.deepEqual(await fs.readFile(`${replica}/mirror/${where}/${name}`), here, name);
    }
  }
}

test('what is acknowledged is in each replica, whatever the power leaves of the first copy', async () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const fs = await disk();
    const journal = await journalOn(fs, `${root}/${where}`);
    for (let index = 0; index < 5; index += 1) await journal.append(entry(`${seed}/${index}`));
    fs.powerCut({ seed });
    await fs.removeTree(root);
    const copy = `/replica/a/mirror/${where}`;
    const restored = await openJournal({
      directory: copy,
      journalId: 'w',
      fs,
      clock: new ManualClock(),
      random: seededRandom('restored'),
      keys,
    });
    assert.ok(restored.next >= 5n, `seed ${seed}: ${restored.next}`);
  }
});

test('an append fails where one replica fails, and the next one is whole everywhere', async () => {
  const fs = await disk();
  const journal = await journalOn(fs, `${root}/${where}`);
  await journal.append(entry('one'));
  for (const on of ['write', 'sync'] as const) {
    fs.fail({ code: 'EIO', effect: 'lost', on: [on], path: /^\/replica\/b\// });
    await assert.rejects(journal.append(entry('refused')), (error) => hasCode(error, 'JOURNAL_IO'));
    const { sequence } = await journal.append(entry('after'));
    assert.ok(sequence >= 1n);
  }
  const { next } = journal;
  await journal.close();
  for (const replica of replicas) {
    const copy = await openJournal({
      directory: `${replica}/mirror/${where}`,
      journalId: 'w',
      fs,
      clock: new ManualClock(),
      random: seededRandom('copy'),
      keys,
    });
    const texts: string[] = [];
    for await (const { payload } of copy.read(copy.first)) texts.push(fromUtf8(payload));
    assert.equal(copy.next, next);
    assert.deepEqual(
      texts.filter((text) => text !== 'refused'),
      ['one', 'after', 'after'],
    );
    await copy.close();
  }
});

test('a replica that fell behind, or is new, is made whole before anything is written', async () => {
  const fs = await disk();
  const journal = await journalOn(fs, `${root}/${where}`);
  for (let index = 0; index < 5; index += 1) await journal.append(entry(`${index}`));
  await journal.close();
  await fs.removeTree('/replica/a/mirror');
  const [name = ''] = (await fs.list(`${root}/${where}`)).filter((each) =>
    each.endsWith('segment'),
  );
  const file = await fs.open(`/replica/b/mirror/${where}/${name}`, 'write');
  await file.truncate(4200);
  await file.close();
  await alignReplicas(fs, { root, replicas });
  await assertSame(fs);
  const again = await journalOn(fs, `${root}/${where}`);
  await again.append(entry('six'));
  await again.close();
  await assertSame(fs);
});

test('a data directory that lost what a replica holds is not taken for the truth', async () => {
  for (const lost of [root, `${root}/${where}`]) {
    const fs = await disk();
    const journal = await journalOn(fs, `${root}/${where}`);
    await journal.append(entry('one'));
    await journal.close();
    await fs.removeTree(lost);
    await assert.rejects(alignReplicas(fs, { root, replicas }), (error) =>
      hasCode(error, 'REPLICA_AHEAD'),
    );
    assert.ok((await fs.list(`/replica/a/mirror/${where}`)).length > 1);
  }
});

test('the engine and the followers’ places have no copy', async () => {
  const fs = await disk();
  const mirrored = mirroredFs(fs, { root, replicas });
  for (const name of ['engine/db/x', 'cursors/applier', 'records/mark', 'staged/0']) {
    const path = `${root}/${workspace}/${name}`;
    await mirrored.makeDirectory(path.slice(0, path.lastIndexOf('/')));
    const file = await mirrored.open(path, 'create');
    await file.write(0, utf8('x'));
    await file.close();
    assert.equal(await fs.stat(`/replica/a/mirror/${workspace}/${name}`), undefined, name);
  }
  const file = await mirrored.open(`${root}/${workspace}/engine-keys`, 'create');
  await file.close();
  assert.notEqual(await fs.stat(`/replica/a/mirror/${workspace}/engine-keys`), undefined);
});

test('what is acknowledged is in each replica, whichever file operation fails', async (context) => {
  const long = seedsFrom(process.env, 20).count > 1_000;
  const tried = await everyFailure(
    async () => {
      const fs = await disk();
      const acknowledged: string[] = [];
      return {
        disk: fs,
        async live(life) {
          await alignReplicas(fs, { root, replicas });
          const journal = await journalOn(fs, `${root}/${where}`);
          try {
            for (let index = 0; index < 3; index += 1) {
              await journal.append(entry(`${life}/${index}`));
              acknowledged.push(`${life}/${index}`);
            }
          } finally {
            await journal.close();
          }
        },
        async check() {
          // Each replica alone, with nothing of the others.
          for (const place of replicas) {
            const copy = await openJournal({
              directory: `${place}/mirror/${where}`,
              journalId: 'w',
              fs,
              clock: new ManualClock(),
              random: seededRandom('copy'),
              keys,
            });
            const texts: string[] = [];
            for await (const { payload } of copy.read(copy.first)) texts.push(fromUtf8(payload));
            await copy.close();
            assert.equal(new Set(texts).size, texts.length, 'nothing is there twice');
            for (const text of acknowledged) assert.ok(texts.includes(text), `${place}: ${text}`);
          }
        },
      };
    },
    { stride: long ? 1 : 5 },
  );
  context.diagnostic(`${tried} failures`);
  assert.ok(tried > 50);
});
