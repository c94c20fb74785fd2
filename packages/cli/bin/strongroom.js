#!/usr/bin/env node
// The compiled program; `npm start` or `npm run build` makes it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  process.stderr.write('strongroom is not built yet: run `npm run build` first.\n');
  process.exitCode = 2;
}
