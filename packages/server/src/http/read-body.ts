import { fromUtf8 } from '@strongroom/base';
import type { Json } from '../catalog/records.js';
import { HttpError } from './errors.js';
import type { Incoming } from './request.js';

/** Limits of control-plane bodies: settings, never data. */
export const controlBodyLimits = {
  /** A rule with a hundred streams of a hundred columns stays far below. */
  jsonBytesMax: 1_048_576,
  formBytesMax: 65_536,
  /** Of a caller who has proved nothing yet. */
  strangerJsonBytesMax: 65_536,
  /** Deepest nesting of a JSON body: ours are at most eight deep. */
  jsonDepthMax: 32,
} as const;

/** What is read of a request here. */
type WithBody = Pick<Incoming, 'headers' | 'body'>;

/** All bytes of a body. Throws a 413 as soon as there are more than `bytesMax`. */
export async function readBody(request: WithBody, bytesMax: number): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new HttpError(415, 'UnsupportedContentEncoding', 'Send this body without an encoding.');
  }
  const tooLarge = (): HttpError =>
    new HttpError(413, 'RequestEntityTooLarge', `The body may have ${bytesMax} bytes at most.`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body) {
    size += part.length;
    if (size > bytesMax) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}

/**
 * A JSON body. Throws a 415 for another content type and a 400 for malformed or too deep JSON.
 * An empty body is `undefined`.
 */
export async function readJsonBody(
  request: WithBody,
  bytesMax: number = controlBodyLimits.jsonBytesMax,
): Promise<Json | undefined> {
  const bytes = await readBody(request, bytesMax);
  if (bytes.length === 0) return undefined;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw new HttpError(415, 'UnsupportedMediaType', 'The content type must be application/json.');
  }
  return parseJson(bytes);
}

/** Bytes as JSON. Throws a 400 `InvalidRequestContent`. */
export function parseJson(bytes: Uint8Array): Json {
  const malformed = (): HttpError =>
    new HttpError(400, 'InvalidRequestContent', 'The request content was invalid: not JSON.');
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    throw malformed();
  }
  if (depthOf(text) > controlBodyLimits.jsonDepthMax) {
    throw new HttpError(400, 'InvalidRequestContent', 'The request content is nested too deeply.');
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw malformed();
  }
}

/** Deepest nesting of brackets outside strings; stops counting once it is beyond the limit. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charCodeAt(index);
    if (inString) {
      if (letter === 0x5c) index += 1;
      else if (letter === 0x22) inString = false;
    } else if (letter === 0x22) inString = true;
    else if (letter === 0x5b || letter === 0x7b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (deepest > controlBodyLimits.jsonDepthMax) break;
    } else if (letter === 0x5d || letter === 0x7d) depth -= 1;
  }
  return deepest;
}

/** A form body. Throws a 415 for another content type; of a repeated name the first one counts. */
export async function readFormBody(request: WithBody): Promise<ReadonlyMap<string, string>> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') {
    throw new HttpError(
      415,
      'UnsupportedMediaType',
      'The content type must be application/x-www-form-urlencoded.',
    );
  }
  const bytes = await readBody(request, controlBodyLimits.formBytesMax);
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(Buffer.from(bytes).toString('utf8'))) {
    if (!form.has(name)) form.set(name, value);
  }
  return form;
}

/** A JSON answer. */
export const jsonAnswer = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): { status: number; headers: Record<string, string>; body: string } => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
});
