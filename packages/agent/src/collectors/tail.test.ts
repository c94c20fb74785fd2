import assert from 'node:assert/strict';
import {
  appendFile,
  copyFile,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { nodeFileSystem, sha256, systemClock } from '@strongroom/platform';
import { ManualClock, seededRandom } from '@strongroom/testkit';
import { Batcher } from '../batch.js';
import type { Batch, Position } from '../batch.js';
import { Health } from '../health.js';
import { limits } from '../limits.js';
import { LineReader } from './line-reader.js';
import { Tailer } from './tail.js';
import { textSource } from './text.js';

const machine = {
  computer: 'm',
  address: '',
  addresses: [],
  osName: '',
  osMajorVersion: '',
  osMinorVersion: '',
  machineId: '',
};
const never = new AbortController().signal;

/** A tailer over a directory whose batches become durable at once, until it crashes. */
class Bench {
  readonly directory: string;
  readonly durable = new Map<string, Position>();
  readonly lines: string[] = [];
  readonly health = new Health();
  readonly clock = new ManualClock();
  #batcher!: Batcher;
  #tailer: Tailer | undefined;
  #alive = { value: true };

  constructor(directory: string) {
    this.directory = directory;
  }

  async start(firstStart: boolean): Promise<void> {
    await this.close();
    this.#alive.value = false;
    const alive = { value: true };
    this.#alive = alive;
    this.#batcher = new Batcher({
      stream: 's',
      clock: systemClock,
      take: async (batch) => {
        if (alive.value) this.#take(batch);
      },
    });
    this.#tailer = new Tailer({
      fs: nodeFileSystem,
      clock: this.clock,
      sha256,
      health: this.health,
      sources: [
        textSource({ machine, patterns: [join(this.directory, '*.log')], sink: this.#batcher }),
      ],
      positions: this.durable,
      firstStart,
    });
  }

  #take(batch: Batch): void {
    for (const [source, position] of Object.entries(batch.positions)) {
      if (position === null) this.durable.delete(source);
      else this.durable.set(source, position);
    }
    if (batch.rowCount === 0) return;
    const rows = gunzipSync(batch.payload).toString().trimEnd().split('\n');
    assert.equal(rows.length, batch.rowCount);
    for (const row of rows) this.lines.push((JSON.parse(row) as { RawData: string }).RawData);
  }

  async close(): Promise<void> {
    await this.#tailer?.close();
  }

  /** Reads what is there, without making it durable. */
  async read(): Promise<void> {
    await this.#tailer?.pollOnce(never);
  }

  async poll(): Promise<string[]> {
    await this.#tailer?.pollOnce(never);
    await this.#batcher.drain();
    return this.lines.splice(0);
  }
}

async function withBench(
  run: (bench: Bench, path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'strongroom-tail-'));
  const bench = new Bench(directory);
  try {
    await bench.start(false);
    await run(bench, (name) => join(directory, name));
  } finally {
    await bench.close();
    await rm(directory, { recursive: true, force: true });
  }
}

test('reads whole lines, each once, and waits for the rest of one', () =>
  withBench(async (bench, path) => {
    await writeFile(path('a.log'), 'one\ntwo\nthr');
    assert.deepEqual(await bench.poll(), ['one', 'two']);
    assert.deepEqual(await bench.poll(), []);
    await appendFile(path('a.log'), 'ee\r\n\n\nfour\n');
    assert.deepEqual(await bench.poll(), ['three', 'four']);
    await writeFile(path('b.log'), Buffer.from([0x61, 0xff, 0x62, 10, 0x7f, 10]));
    assert.deepEqual(await bench.poll(), ['a\uFFFDb', '\u007f']);
    await writeFile(path('c.log'), '"quoted" \\n \u0001\t \\\nnext é\n');
    assert.deepEqual(await bench.poll(), ['"quoted" \\n \u0001\t \\', 'next é']);
  }));

test('follows a file through renaming, and reads its successor from the start', () =>
  withBench(async (bench, path) => {
    await writeFile(path('a.log'), '1\n');
    assert.deepEqual(await bench.poll(), ['1']);
    await appendFile(path('a.log'), '2\n');
    await rename(path('a.log'), path('a.log.1'));
    await writeFile(path('a.log'), '4\n');
    await appendFile(path('a.log.1'), '3\nlast without end');
    const lines = await bench.poll();
    assert.deepEqual([...lines, ...(await bench.poll())].toSorted(), ['2', '3', '4']);
    await bench.clock.advance(limits.rotatedIdleMs + 1);
    assert.deepEqual(await bench.poll(), ['last without end']);
    assert.equal(bench.durable.size, 1);
  }));

test('a file renamed to a name that is followed too is not read again', () =>
  withBench(async (bench, path) => {
    await writeFile(path('a.log'), '1\n2\n');
    assert.deepEqual(await bench.poll(), ['1', '2']);
    await rename(path('a.log'), path('a-old.log'));
    await writeFile(path('a.log'), '3\n');
    assert.deepEqual(await bench.poll(), ['3']);
    assert.deepEqual(await bench.poll(), []);
  }));

test('a file that was cut off, or copied away and cut off, begins anew', () =>
  withBench(async (bench, path) => {
    await writeFile(path('a.log'), '1\n2\n3\n');
    assert.deepEqual(await bench.poll(), ['1', '2', '3']);
    await copyFile(path('a.log'), path('a.log.1'));
    await truncate(path('a.log'), 0);
    assert.deepEqual(await bench.poll(), []);
    await appendFile(path('a.log'), '4\n');
    assert.deepEqual(await bench.poll(), ['4']);
    // Cut off and grown beyond where it was between two looks: only its first bytes tell.
    const tick = new Date(1_700_000_000_000);
    await writeFile(path('a.log'), '5\n6\n7\n8\n9\n');
    await utimes(path('a.log'), tick, tick);
    assert.deepEqual(await bench.poll(), ['5', '6', '7', '8', '9']);
    // The same size as before, and the same time: the clock of a file system moves in ticks.
    await writeFile(path('a.log'), 'a\nb\nc\nd\ne\n');
    await utimes(path('a.log'), tick, tick);
    assert.deepEqual(await bench.poll(), ['a', 'b', 'c', 'd', 'e']);
  }));

test('goes on after a crash where the durable batches end, also in files renamed meanwhile', () =>
  withBench(async (bench, path) => {
    await writeFile(path('a.log'), '1\n2\n');
    assert.deepEqual(await bench.poll(), ['1', '2']);
    await appendFile(path('a.log'), '3\n');
    await bench.read();
    await bench.start(false);
    assert.deepEqual(await bench.poll(), ['3']);
    await appendFile(path('a.log'), '4\n');
    await rename(path('a.log'), path('a.log.1'));
    await writeFile(path('a.log'), '5\n');
    await bench.start(false);
    assert.deepEqual((await bench.poll()).toSorted(), ['4', '5']);
    await unlink(path('a.log.1'));
    await unlink(path('a.log'));
    await bench.start(false);
    assert.deepEqual(await bench.poll(), []);
    assert.equal(bench.durable.size, 0);
  }));

test('another file in the inode of a removed one is read from its start', () =>
  withBench(async (bench, path) => {
    await writeFile(path('a.log'), 'first content\n');
    assert.deepEqual(await bench.poll(), ['first content']);
    await bench.start(false);
    await writeFile(path('a.log'), 'other content that is longer\n');
    assert.deepEqual(await bench.poll(), ['other content that is longer']);
  }));

test('cuts a line at its limit and counts it; one byte less is whole', () =>
  withBench(async (bench, path) => {
    const whole = 'x'.repeat(limits.lineBytesMax);
    await writeFile(path('a.log'), `${whole}\n${whole}y\nnext\n`);
    assert.deepEqual(await bench.poll(), [whole, whole, 'next']);
    assert.equal(bench.health.totals['lines cut'], 1);
    // Over many reads, and over a crash in its middle.
    await appendFile(path('a.log'), 'z'.repeat(3 * limits.readBytesMax));
    assert.deepEqual(await bench.poll(), ['z'.repeat(limits.lineBytesMax)]);
    await bench.start(false);
    await appendFile(path('a.log'), 'zzz\nafter\n');
    assert.deepEqual(await bench.poll(), ['after']);
    // Not in the middle of a letter.
    await appendFile(path('a.log'), `${'x'.repeat(limits.lineBytesMax - 1)}é\n`);
    assert.deepEqual(await bench.poll(), ['x'.repeat(limits.lineBytesMax - 1)]);
  }));

test('of a long file that was there at the first start the end is read', () =>
  withBench(async (bench, path) => {
    const line = 'y'.repeat(1023);
    const count = limits.historyBytesMax / 1024 + 100;
    await writeFile(path('a.log'), `${line}\n`.repeat(count));
    await bench.start(true);
    const lines = await bench.poll();
    assert.ok(lines.length >= count - 101 && lines.length < count, String(lines.length));
    assert.ok(lines.every((one) => one === line));
    assert.equal(bench.health.totals['history skipped'], 100 * 1024);
  }));

test('does not follow links', () =>
  withBench(async (bench, path) => {
    await writeFile(path('secret'), 'secret\n');
    await symlink(path('secret'), path('a.log'));
    assert.deepEqual(await bench.poll(), []);
  }));

test('any order of writing, rotating, copying and crashing yields each line once', async () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    await withBench(async (bench, path) => {
      const random = seededRandom(seed);
      const pick = (count: number): number => random.integer(count);
      const written: string[] = [];
      const read: string[] = [];
      let rotations = 0;
      for (let step = 0; step < 60; step += 1) {
        const action = pick(10);
        if (action < 5) {
          const lines = Array.from(
            { length: 1 + pick(40) },
            (_, index) => `${seed}/${step}/${index} ${'w'.repeat(pick(90))}`,
          );
          written.push(...lines);
          await appendFile(path('a.log'), `${lines.join('\n')}\n`);
        } else if (action < 7) read.push(...(await bench.poll()));
        else if (action === 7) {
          // What was read and not durable is lost with the process; what was durable is known.
          await bench.read();
          await bench.start(false);
        } else {
          // A file that comes and goes between two looks is seen by nobody; so each is seen once.
          for (const part of ['seen', 'late']) {
            written.push(`${seed}/${step}/${part}`);
            await appendFile(path('a.log'), `${seed}/${step}/${part}\n`);
            if (part === 'seen') read.push(...(await bench.poll()));
          }
          rotations += 1;
          await rename(path('a.log'), path(`a.log.${rotations}`));
          if (action === 9) await bench.start(false);
        }
      }
      read.push(...(await bench.poll()));
      assert.deepEqual(read.toSorted(), written.toSorted(), `seed ${seed}`);
    });
  }
});

test('lines are the same however the bytes are cut into chunks', () => {
  const bytes = Buffer.from('one\n\ntwo\r\nthree é\nfour');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const reader = new LineReader();
    const lines: string[] = [];
    let rest = Buffer.alloc(0);
    for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      rest = Buffer.concat([rest, part]);
      let at = 0;
      for (;;) {
        const line = reader.next(rest, at);
        at = line.next;
        if (!('text' in line)) break;
        lines.push(line.text);
      }
      rest = rest.subarray(at);
    }
    assert.deepEqual(
      [...lines, rest.toString()],
      ['one', '', 'two', 'three é', 'four'],
      `cut at ${cut}`,
    );
  }
});
