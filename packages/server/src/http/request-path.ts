import { HttpError } from './errors.js';

/**
 * A request's path as routing and access decisions see it.
 *
 * Official clients send percent-encoded scopes in one segment, double slashes and any letter case
 * (azure-api.md §0.4). Routing and authorisation both read this one normalised form, so that no
 * spelling reaches a handler that another spelling was refused.
 */
export interface RequestPath {
  /** Decoded once, slashes collapsed, no trailing slash, the caller's letter case. */
  readonly path: string;
  /** `path` in lower case: what is matched and authorised. */
  readonly key: string;
  /** Segments of `path`. */
  readonly segments: readonly string[];
  /** Query parameters with decoded names; of a repeated name the first one counts. */
  readonly query: ReadonlyMap<string, string>;
}

/** Longest request target that is read. */
export const requestTargetCharsMax = 16_384;

/** Reads a request target. Throws a 400 for control characters, `.`/`..` segments and bad escapes. */
export function readRequestPath(target: string): RequestPath {
  if (target.length > requestTargetCharsMax) {
    throw new HttpError(414, 'RequestUriTooLong', 'The request URI is too long.');
  }
  const [rawPath = '', ...rest] = target.split('?');
  const decoded = decode(rawPath);
  const segments = decoded.split('/').filter((segment) => segment !== '');
  for (const segment of segments) {
    if (segment === '.' || segment === '..') {
      throw new HttpError(400, 'InvalidRequestUri', 'The request URI has a relative segment.');
    }
  }
  const path = `/${segments.join('/')}`;
  return { path, key: path.toLowerCase(), segments, query: readQuery(rest.join('?')) };
}

/** A resource id in the form that access decisions compare. */
export const resourceKey = (resourceId: string): string => readRequestPath(resourceId).key;

function decode(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw new HttpError(400, 'InvalidRequestUri', 'The request URI has a malformed escape.');
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(decoded)) {
    throw new HttpError(400, 'InvalidRequestUri', 'The request URI has a forbidden character.');
  }
  return decoded;
}

function readQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode((equals < 0 ? part : part.slice(0, equals)).replaceAll('+', ' '));
    const value = decodeValue(equals < 0 ? '' : part.slice(equals + 1));
    if (!query.has(name)) query.set(name, value);
  }
  return query;
}

/** Values may hold any text (a query, say); only broken escapes are refused. */
function decodeValue(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new HttpError(400, 'InvalidRequestUri', 'The request URI has a malformed escape.');
  }
}
