import { createHash } from 'node:crypto';
import { equalBytes } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { exportError } from './errors.js';
import { refusedByTarget, sendObject } from './http-object.js';
import type { ExportTarget } from './target.js';

export interface BlobTargetOptions {
  /** URL of the container. */
  readonly container: string;
  /** A shared access signature that may create and read, without the `?`. */
  readonly sas: string;
  /** Days of an immutability policy on each blob; 0: the container's own decides. */
  readonly retainDays: number;
  readonly mode: 'Locked' | 'Unlocked';
  readonly clock: Clock;
}

/**
 * A container of Azure Blob Storage with an immutability policy: the container's own, or one on each blob
 * (which needs version-level immutability). Each blob is put once (`If-None-Match: *`).
 */
export function blobTarget(options: BlobTargetOptions): ExportTarget {
  const { container, retainDays, mode, clock } = options;
  const query = options.sas.replace(/^\?/, '');
  const urlOf = (name: string): string =>
    `${container}/${name.split('/').map(encodeURIComponent).join('/')}?${query}`;
  const common = () => ({
    'x-ms-version': '2021-12-02',
    'x-ms-date': new Date(clock.now()).toUTCString(),
  });
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const answer = await sendObject(urlOf(name), { method: 'GET', headers: common() });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusedByTarget(answer);
    return answer.body;
  };
  return {
    read,
    async create(name, content) {
      const until = new Date(clock.now() + retainDays * 86_400_000).toUTCString();
      const answer = await sendObject(urlOf(name), {
        method: 'PUT',
        headers: {
          ...common(),
          'x-ms-blob-type': 'BlockBlob',
          'if-none-match': '*',
          'content-type': 'application/octet-stream',
          'content-md5': createHash('md5').update(content).digest('base64'),
          ...(retainDays === 0
            ? {}
            : {
                'x-ms-immutability-policy-until-date': until,
                'x-ms-immutability-policy-mode': mode,
              }),
        },
        body: content,
      });
      if (answer.status === 201) return;
      // 409: it is there (BlobAlreadyExists, BlobImmutableDueToPolicy); so it may be with 403, where the
      // signature lets nobody overwrite. Looking settles it.
      if (![403, 409, 412].includes(answer.status)) throw refusedByTarget(answer);
      const there = await read(name);
      if (there === undefined) throw refusedByTarget(answer);
      if (!equalBytes(there, content)) {
        throw exportError('EXPORT_OBJECT_DIFFERS', `Another ${name} is there already.`);
      }
    },
  };
}
