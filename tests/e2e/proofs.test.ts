import assert from 'node:assert/strict';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { eventually, Service } from '../support/service.js';

/** Proofs and verification as an outsider uses them: the command line, files, and the public key. */
let service: Service;
let key: string;
const marker = 'proof-of-this-row';
/** More digits than a millisecond has: times are compared to the tick. */
const time = `${new Date().toISOString().slice(0, -1)}4567Z`;

interface RowProof {
  readonly ok: boolean;
  readonly proofs: readonly {
    readonly kind: string;
    readonly table?: string;
    readonly row?: readonly { readonly name: string; readonly value: string | null }[];
  }[];
}

before(async () => {
  service = await Service.start({ flags: ['--erasure-wait-hours', '0'] });
  await signInAdministrator(service);
  const rows = Array.from({ length: 20 }, (_, n) =>
    JSON.stringify({
      TimeGenerated: time,
      FilePath: `/t/${n}`,
      RawData: n === 7 ? marker : `row ${n}`,
    }),
  );
  const sent = await cli(service, ['--data', service.data, 'send'], {
    input: `${rows.join('\n')}\n`,
  });
  assert.equal(sent.code, 0, sent.notes);
  await eventually(
    () => cliJson<{ n: number }[]>(service, ['query', 'Text_CL | summarize n = count()']),
    ([row]) => Number(row?.n) >= 20,
  );
  const regions = await readdir(join(service.data, 'regions'));
  const ledger = join(
    service.data,
    'regions',
    regions[0]!,
    'workspaces',
    service.bootstrap.workspaceId,
    'ledger',
  );
  key = join(service.directory, 'kept-keys');
  await writeFile(key, await readFile(join(ledger, 'public-keys')));
});
after(() => service.remove());

const values = JSON.stringify({
  TimeGenerated: time,
  FilePath: '/t/7',
  RawData: marker,
});

async function rowProof(): Promise<string> {
  const file = join(service.directory, 'row.tlog-proof');
  await eventually(
    () => cli(service, ['proof', '--table', 'Text_CL', '--values', values, '-o', file]),
    ({ code }) => code === 0,
  );
  return file;
}

test('a row is found by its values, proved, and checked with the public key alone', async () => {
  const file = await rowProof();
  const verdict = await cliJson<RowProof>(service, [
    'verify',
    '--proof',
    file,
    '--public-key',
    key,
  ]);
  assert.equal(verdict.ok, true);
  assert.equal(verdict.proofs[0]?.table, 'Text_CL');
  const shown = verdict.proofs[0]?.row?.find(({ name }) => name === 'RawData');
  assert.equal(shown?.value, marker);
  // One letter of the row, and of anything else, is enough.
  const text = await readFile(file, 'utf8');
  const forged = text.replace(/^extra (.*)$/m, (_, extra: string) => {
    const subject = JSON.parse(Buffer.from(extra, 'base64').toString()) as {
      row: { bytes: string };
    };
    const bytes = Buffer.from(subject.row.bytes, 'base64');
    bytes.write('PROOF', bytes.indexOf(marker));
    subject.row.bytes = bytes.toString('base64');
    return `extra ${Buffer.from(JSON.stringify(subject)).toString('base64')}`;
  });
  assert.notEqual(forged, text);
  await writeFile(join(service.directory, 'forged'), forged);
  const refused = await cli(service, ['verify', '--proof', 'forged', '--public-key', key]);
  assert.equal(refused.code, 5, refused.out);
  const keyless = await cli(service, ['verify', '--proof', file]);
  assert.equal(keyless.code, 2, 'a proof without a trusted key proves nothing');
});

test('a batch is proved, with the bytes that were sent', async () => {
  const rows = await readFile(await rowProof(), 'utf8');
  const extra = /^extra (.*)$/m.exec(rows)?.[1] ?? '';
  const { part } = JSON.parse(Buffer.from(extra, 'base64').toString()) as {
    part: { position: string };
  };
  const file = join(service.directory, 'batch.tlog-proof');
  const made = await cli(service, ['proof', '--position', part.position, '-o', file]);
  assert.equal(made.code, 0, made.notes);
  const verdict = await cliJson<RowProof>(service, [
    'verify',
    '--proof',
    file,
    '--public-key',
    key,
  ]);
  assert.equal(verdict.proofs[0]?.kind, 'entry');
  await writeFile(join(service.directory, 'other'), 'other rows');
  const other = ['verify', '--proof', file, '--public-key', key, '--payload', 'other'];
  assert.equal((await cli(service, other)).code, 5);
});

test('the checkpoint is kept, and a later one has to continue it', async () => {
  const kept = join(service.directory, 'kept.checkpoint');
  assert.equal((await cli(service, ['checkpoint', '-o', kept])).code, 0);
  const sent = await cli(service, ['--data', service.data, 'send'], {
    input: `${JSON.stringify({ TimeGenerated: new Date().toISOString(), RawData: 'later' })}\n`,
  });
  assert.equal(sent.code, 0, sent.notes);
  assert.equal((await cli(service, ['checkpoint'])).code, 0);
  const verdict = await cli(service, ['verify', service.data, '--since', kept]);
  assert.equal(verdict.code, 0, verdict.out);
});

test('after a purge what is left verifies, and is proved under the new commitment', async () => {
  const file = join(service.directory, 'purged.tlog-proof');
  const asked = await cli(service, [
    'purge',
    'request',
    'Text_CL',
    '--filter',
    'FilePath == /t/3',
    '--yes',
  ]);
  assert.equal(asked.code, 0, asked.out + asked.notes);
  await eventually(
    () =>
      cliJson<{ n: number }[]>(service, [
        'query',
        'Text_CL | where FilePath == "/t/3" | summarize n = count()',
      ]),
    ([row]) => Number(row?.n) === 0,
  );
  const made = await eventually(
    () => cli(service, ['proof', '--table', 'Text_CL', '--values', values, '-o', file]),
    ({ code }) => code === 0,
  );
  assert.equal(made.code, 0, made.notes);
  const verified = await cli(service, ['verify', '--proof', file, '--public-key', key]);
  assert.equal(verified.code, 0, verified.out);
});

test('every row of every table is held against the ledger, and a changed engine is found', async () => {
  await rowProof();
  await service.end();
  const copy = join(service.directory, 'copy');
  await cp(service.data, copy, { recursive: true });
  const deep = await cli(service, ['--json', 'verify', copy, '--deep']);
  assert.equal(deep.code, 0, deep.out + deep.notes);
  const { ledgers } = JSON.parse(deep.out) as {
    ledgers: { rows?: { rows: number; problems: unknown[] } }[];
  };
  const rows = ledgers.find((each) => each.rows !== undefined)?.rows;
  assert.ok(rows !== undefined && rows.rows >= 20, deep.out);
  assert.deepEqual(rows.problems, []);
  await service.run();
});
