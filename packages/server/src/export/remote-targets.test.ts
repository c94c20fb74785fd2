import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { sha256, systemClock, systemRandom } from '@strongroom/platform';
import { blobTarget } from './blob-target.js';
import { s3Target, signatureV4 } from './s3-target.js';
import type { ExportTarget } from './target.js';

test('requests to S3 are signed as its documentation shows', () => {
  // Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header", GET Object.
  const authorization = signatureV4({
    method: 'GET',
    url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
    time: '20130524T000000Z',
    region: 'us-east-1',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    headers: {
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': createHash('sha256').digest('hex'),
      'x-amz-date': '20130524T000000Z',
    },
  });
  assert.match(
    authorization,
    /Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/,
  );
});

/**
 * Real places, where the environment names them: a container with its signature, a bucket with its key.
 * `STRONGROOM_TEST_BLOB='URL SAS'`, `STRONGROOM_TEST_S3='ENDPOINT BUCKET REGION KEY SECRET'`.
 */
suite('real targets', () => {
  const [container = '', sas = ''] = (process.env['STRONGROOM_TEST_BLOB'] ?? '').split(' ');
  const [endpoint = '', bucket = '', region = '', accessKeyId = '', secretAccessKey = ''] = (
    process.env['STRONGROOM_TEST_S3'] ?? ''
  ).split(' ');
  const clock = systemClock;
  const place = { endpoint, bucket, region, accessKeyId, secretAccessKey };
  const lock = { retainDays: 1, clock, sha256 };
  const targets: readonly (readonly [string, boolean, ExportTarget])[] = [
    ['blob', container !== '', blobTarget({ container, sas, mode: 'Unlocked', ...lock })],
    ['s3', endpoint !== '', s3Target({ ...place, ...lock, mode: 'GOVERNANCE' })],
  ];
  for (const [kind, isThere, target] of targets) {
    test(`${kind}: made once and never changed`, { skip: !isThere }, async () => {
      const name = `test/${systemRandom.uuid()}/T_CL/0.ndjson.gz`;
      const content = systemRandom.bytes(5_000_000);
      assert.equal(await target.read(name), undefined);
      await target.create(name, content);
      await target.create(name, content);
      await assert.rejects(target.create(name, new Uint8Array(1)), {
        code: 'EXPORT_OBJECT_DIFFERS',
      });
      assert.deepEqual(await target.read(name), content);
    });
  }
});

/** What the protocols have in common, as a server on loopback: objects that are made once. */
suite('targets in the network', () => {
  const objects = new Map<string, Buffer>();
  let server: Server;
  let url: string;
  /** Statuses for a name that is taken, and for the next requests whatever they are. */
  let taken = 412;
  const next: number[] = [];
  let seen: Record<string, unknown> = {};

  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const name = new URL(request.url ?? '/', 'http://x').pathname;
        seen = request.headers;
        const fault = next.shift();
        const there = objects.get(name);
        if (fault !== undefined) {
          response.writeHead(fault, { location: 'http://127.0.0.1:1/' });
          response.end('<Error><Code>SlowDown</Code></Error>');
        } else if (request.method === 'GET') {
          response.writeHead(there === undefined ? 404 : 200).end(there);
        } else if (there !== undefined) {
          response.writeHead(taken).end();
        } else {
          objects.set(name, Buffer.concat(chunks));
          response.writeHead(request.headers['x-ms-blob-type'] === undefined ? 200 : 201).end();
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const s3 = (): ExportTarget =>
    s3Target({
      endpoint: url,
      bucket: 'evidence',
      region: 'r',
      accessKeyId: 'a',
      secretAccessKey: 's',
      retainDays: 3,
      mode: 'COMPLIANCE',
      clock: systemClock,
      sha256,
    });
  const blob = (): ExportTarget =>
    blobTarget({
      container: `${url}/account/evidence`,
      sas: '?sv=1&sig=x',
      retainDays: 3,
      mode: 'Locked',
      clock: systemClock,
    });

  for (const [kind, open] of [
    ['s3', s3],
    ['blob', blob],
  ] as const) {
    test(`${kind}: an object is made once, locked, and never changed`, async () => {
      const [target, name] = [open(), `w/${kind}-1/T_CL/0.manifest`];
      assert.equal(await target.read(name), undefined);
      const content = new Uint8Array([1, 2, 3]);
      await target.create(name, content);
      assert.equal(seen['if-none-match'], '*');
      const until = seen['x-amz-object-lock-retain-until-date'];
      const lock = String(until ?? seen['x-ms-immutability-policy-until-date']);
      assert.ok(Date.parse(lock) > systemClock.now() + 2 * 86_400_000);
      for (taken of [412, 409, 403]) {
        await target.create(name, content);
        await assert.rejects(target.create(name, new Uint8Array([9])), {
          code: 'EXPORT_OBJECT_DIFFERS',
        });
      }
      assert.deepEqual(await target.read(name), content);
    });

    test(`${kind}: what the target refuses is said, and a redirect is not followed`, async () => {
      for (const status of [307, 400, 403, 500, 503]) {
        next.push(status);
        await assert.rejects(open().create(`w/${kind}-2/${status}`, new Uint8Array(1)), {
          code: 'EXPORT_TARGET_FAILED',
          message: `The target of the export answered ${status} SlowDown.`,
        });
        next.length = 0;
        next.push(status);
        await assert.rejects(open().read('x'), { code: 'EXPORT_TARGET_FAILED' });
      }
    });
  }

  test('a target that is not there is a failure that is tried again', async () => {
    const away = s3Target({
      endpoint: 'http://127.0.0.1:1',
      bucket: 'b',
      region: 'r',
      accessKeyId: 'a',
      secretAccessKey: 's',
      retainDays: 0,
      mode: 'GOVERNANCE',
      clock: systemClock,
      sha256,
    });
    await assert.rejects(away.read('x'), { code: 'EXPORT_TARGET_FAILED' });
  });
});
