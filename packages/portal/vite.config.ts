import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/**
 * Writes `x.br` beside every text file of the build. The editor's language service is 8 MB of
 * text that shrinks to one; a server that knows `.br` files sends them as they are.
 */
function precompressed(): Plugin {
  const compress = promisify(brotliCompress);
  let folder = '';
  return {
    name: 'precompressed',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile() || !/\.(js|css|svg|html)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = await readFile(path);
        if (bytes.length < 1024) continue;
        const quality = bytes.length > 1_000_000 ? 6 : 10;
        const small = await compress(bytes, {
          params: { [constants.BROTLI_PARAM_QUALITY]: quality },
        });
        await writeFile(`${path}.br`, small);
      }
    },
  };
}

export default defineConfig({
  base: '/portal/',
  build: {
    // Without inlined files the policy needs no data: fonts.
    assetsInlineLimit: 0,
    target: 'es2022',
    chunkSizeWarningLimit: 10_000,
  },
  // The language service's run-time library looks for Node's name of the global object.
  define: { global: 'globalThis' },
  worker: { format: 'es' },
  plugins: [precompressed()],
});
