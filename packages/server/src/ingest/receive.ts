import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Clock } from '@strongroom/base';
import { HttpError } from '../http/errors.js';
import type { Incoming } from '../http/request.js';
import type { IngestLimits } from './limits.js';

/** A body that we read: counted as it came and after inflating. */
export interface ReceivedBody {
  readonly plain: Uint8Array;
  readonly wireBytes: number;
}

const inflate = promisify<Uint8Array, { maxOutputLength: number; chunkSize: number }, Buffer>(
  gunzip,
);

/** Azure's words for a body over the limit. */
export const tooLarge = (limit: number, provided: number | string): HttpError =>
  new HttpError(
    413,
    'ContentLengthLimitExceeded',
    `Maximum allowed content length: ${limit} bytes (${(limit / 1024 / 1024).toFixed(0)} MB). Provided content length: ${provided} bytes.`,
  );

const badEncoding = (message: string): HttpError => new HttpError(400, 'InvalidPayload', message);

/**
 * Reads and inflates a body within its limits. Memory never exceeds the wire bytes read so far
 * plus the plain limit: a bomb ends at the limit, not at its size.
 */
export async function receiveBody(
  request: Incoming,
  limits: IngestLimits,
  clock: Clock,
  /** Told of each piece as it is kept; what it throws ends the reading. */
  onBytes: (bytes: number) => void = () => undefined,
): Promise<ReceivedBody> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity' && encoding !== '') {
    throw new HttpError(
      415,
      'UnsupportedContentEncoding',
      'The content encoding is not supported. Send gzip, or no content encoding.',
    );
  }
  const wireMax =
    encoding === 'gzip' ? limits.wireBytesMax : Math.min(limits.wireBytesMax, limits.plainBytesMax);
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > wireMax) throw tooLarge(wireMax, declared);
  const wire = await readBody(request, wireMax, { limits, clock, onBytes });
  if (encoding !== 'gzip') return { plain: wire, wireBytes: wire.length };
  try {
    const plain = await inflate(wire, {
      maxOutputLength: limits.plainBytesMax,
      chunkSize: outputHint(wire, limits.plainBytesMax),
    });
    return { plain, wireBytes: wire.length };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(limits.plainBytesMax, `more than ${limits.plainBytesMax}`);
    }
    if (code === 'Z_BUF_ERROR') throw badEncoding('The gzip body ends too early.');
    throw badEncoding('The body is not valid gzip.');
  }
}

/**
 * Bytes to make room for. The trailer says how long the output is (RFC 1952 §2.3.1, ISIZE); a body
 * that lies there costs its own time, since the output's limit holds all the same.
 */
function outputHint(wire: Uint8Array, bytesMax: number): number {
  const least = 64 * 1024;
  if (wire.length < 18) return least;
  const size = Buffer.from(wire.buffer, wire.byteOffset, wire.length).readUInt32LE(wire.length - 4);
  // One byte more than needed spares the inflater a second, empty piece.
  return Math.max(least, Math.min(size + 1, bytesMax));
}

async function readBody(
  request: Incoming,
  bytesMax: number,
  {
    limits,
    clock,
    onBytes,
  }: { limits: IngestLimits; clock: Clock; onBytes: (bytes: number) => void },
): Promise<Uint8Array> {
  // No `for await`: leaving it early would end the socket before the refusal is sent.
  const iterator = request.body[Symbol.asyncIterator]();
  const stop = new AbortController();
  const started = clock.monotonicMs();
  let progress = started;
  const watch = async (): Promise<never> => {
    for (;;) {
      const now = clock.monotonicMs();
      const left = Math.min(progress + limits.bodyIdleMs, started + limits.bodyTotalMs) - now;
      if (left <= 0) {
        throw new HttpError(408, 'RequestTimeout', 'The body did not arrive in time.', {
          headers: { connection: 'close' },
        });
      }
      await clock.sleep(left, stop.signal);
    }
  };
  const late = watch();
  // Handled where it is raced; after the body is complete its rejection means nothing.
  late.catch(() => undefined);
  try {
    const parts: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const next = await Promise.race([iterator.next(), late]);
      if (next.done === true) break;
      progress = clock.monotonicMs();
      size += next.value.length;
      if (size > bytesMax) throw tooLarge(bytesMax, `more than ${bytesMax}`);
      onBytes(next.value.length);
      parts.push(next.value);
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
  } finally {
    stop.abort();
  }
}
