import { createHash } from 'node:crypto';
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { HttpError } from './errors.js';
import type { Handler } from './request.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
};

/**
 * The portal's pages may load from here alone. Scripts are files of ours, never text in a page; the
 * editor positions its parts by style attributes, which is all that is let through inline.
 */
export const portalContentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

interface StaticFile {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  readonly size: number;
  readonly brotli: { readonly path: string; readonly size: number } | undefined;
  readonly immutable: boolean;
}

/**
 * Serves the files of a directory, as it is at the start, below a prefix. Requests are looked up in
 * that list and never turned into paths, so nothing outside it can be named. Paths of the
 * application itself (without an extension) get its page.
 */
export async function createStaticFiles(options: {
  directory: string;
  /** Lower case, with leading and without trailing slash. */
  prefix: string;
}): Promise<Handler> {
  const files = await listFiles(options.directory, options.prefix);
  const page = files.get(`${options.prefix}/index.html`);
  return async (request) => {
    const { key } = request.path;
    if (key !== options.prefix && !key.startsWith(`${options.prefix}/`)) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new HttpError(405, 'MethodNotAllowed', 'Only GET is served here.');
    }
    const file = files.get(key) ?? (extname(key) === '' ? page : undefined);
    if (file === undefined) throw new HttpError(404, 'PathNotFoundError', 'There is no such file.');
    const headers: Record<string, string> = {
      'content-type': file.type,
      'content-security-policy': portalContentSecurityPolicy,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding',
    };
    if (request.headers['if-none-match'] === file.etag) return { status: 304, headers };
    const brotli = /\bbr\b/.test(request.headers['accept-encoding'] ?? '')
      ? file.brotli
      : undefined;
    if (brotli !== undefined) headers['content-encoding'] = 'br';
    const chosen = brotli ?? file;
    headers['content-length'] = String(chosen.size);
    if (request.method === 'HEAD') return { status: 200, headers };
    return { status: 200, headers, body: pieces(chosen) };
  };
}

/**
 * A file piece by piece, as the client takes it: whole, thousands of connections that ask and never
 * read would hold megabytes each. It ends where the file did at the start.
 */
async function* pieces(file: { path: string; size: number }): AsyncGenerator<Uint8Array> {
  const handle = await open(file.path, 'r');
  try {
    for (let at = 0; at < file.size;) {
      const length = Math.min(pieceBytes, file.size - at);
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, at);
      if (bytesRead === 0) throw new Error('the file became shorter');
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

const pieceBytes = 64 * 1024;

async function listFiles(directory: string, prefix: string): Promise<Map<string, StaticFile>> {
  const found = new Map<string, StaticFile>();
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of names) {
    if (!entry.isFile() || entry.name.endsWith('.br')) continue;
    const path = join(entry.parentPath, entry.name);
    const below = path.slice(directory.length).replaceAll('\\', '/');
    const bytes = await readFile(path);
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const hasBrotli = names.some(
      (other) => other.name === `${entry.name}.br` && other.parentPath === entry.parentPath,
    );
    const brotliPath = `${path}.br`;
    found.set(`${prefix}${below}`.toLowerCase(), {
      path,
      etag,
      type: types[extname(entry.name)] ?? 'application/octet-stream',
      size: bytes.length,
      brotli: hasBrotli ? { path: brotliPath, size: (await stat(brotliPath)).size } : undefined,
      // Names in `assets` carry a hash of their content.
      immutable: below.startsWith('/assets/'),
    });
  }
  return found;
}
