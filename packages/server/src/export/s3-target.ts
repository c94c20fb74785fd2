import { createHash, createHmac } from 'node:crypto';
import { equalBytes, toBase64, toHex, utf8 } from '@strongroom/base';
import type { Clock, Sha256 } from '@strongroom/base';
import { exportError } from './errors.js';
import { refusedByTarget, sendObject } from './http-object.js';
import type { ExportTarget } from './target.js';

export interface S3TargetOptions {
  /** Without the bucket: requests are path-style. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Days of Object Lock on each object; 0: the bucket's own default. */
  readonly retainDays: number;
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE';
  readonly clock: Clock;
  readonly sha256: Sha256;
}

/**
 * A bucket that speaks S3, with Object Lock. Each object is put once (`If-None-Match: *`) and kept by a
 * lock of its own until its days have passed. Signature Version 4 is all of an SDK that this needs.
 */
export function s3Target(options: S3TargetOptions): ExportTarget {
  const { endpoint, bucket, retainDays, mode, clock, sha256 } = options;
  const send = (
    method: 'GET' | 'PUT',
    name: string,
    own: Readonly<Record<string, string>> = {},
    body: Uint8Array = new Uint8Array(),
  ) => {
    const url = new URL(`${endpoint}/${bucket}/${name.split('/').map(encode).join('/')}`);
    const time = new Date(clock.now()).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
    const headers = {
      ...own,
      'x-amz-content-sha256': toHex(sha256(body)),
      'x-amz-date': time,
    };
    const signed = { ...headers, host: url.host };
    const authorization = signatureV4({ ...options, method, url, time, headers: signed });
    return sendObject(url.href, {
      method,
      headers: { ...headers, authorization },
      ...(method === 'PUT' ? { body } : {}),
    });
  };
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const answer = await send('GET', name);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusedByTarget(answer);
    return answer.body;
  };
  return {
    read,
    async create(name, content) {
      const until = new Date(clock.now() + retainDays * 86_400_000).toISOString();
      const answer = await send(
        'PUT',
        name,
        {
          'if-none-match': '*',
          // Object Lock asks for it (PutObject, Content-MD5); the signature covers SHA-256 as well.
          'content-md5': createHash('md5').update(content).digest('base64'),
          'x-amz-checksum-sha256': toBase64(sha256(content)),
          ...(retainDays === 0
            ? {}
            : {
                'x-amz-object-lock-mode': mode,
                'x-amz-object-lock-retain-until-date': until,
              }),
        },
        content,
      );
      if (answer.status === 200) return;
      // 412: it is there. 409: another request of ours is on its way. 403: a lock may keep it. Looking
      // settles each.
      if (![403, 409, 412].includes(answer.status)) throw refusedByTarget(answer);
      const there = await read(name);
      if (there === undefined) throw refusedByTarget(answer);
      if (!equalBytes(there, content)) {
        throw exportError('EXPORT_OBJECT_DIFFERS', `Another ${name} is there already.`);
      }
    },
  };
}

/** RFC 3986 unreserved characters stay, as Signature Version 4 wants it. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The `Authorization` of a request (Amazon S3 API, "Signature Calculations", one chunk). */
export function signatureV4(request: {
  readonly method: string;
  readonly url: URL;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly time: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}): string {
  const { method, url, time, region } = request;
  const headers = Object.entries(request.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = headers.map(([name]) => name).join(';');
  const canonical = [
    method,
    url.pathname,
    url.search.slice(1),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    request.headers['x-amz-content-sha256'] ?? '',
  ].join('\n');
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = createHash('sha256').update(canonical).digest('hex');
  const hmac = (key: Uint8Array, text: string): Uint8Array =>
    createHmac('sha256', key).update(text).digest();
  const key = [region, 's3', 'aws4_request'].reduce(
    hmac,
    hmac(utf8(`AWS4${request.secretAccessKey}`), day),
  );
  const signature = toHex(hmac(key, ['AWS4-HMAC-SHA256', time, scope, hash].join('\n')));
  return `AWS4-HMAC-SHA256 Credential=${request.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}
