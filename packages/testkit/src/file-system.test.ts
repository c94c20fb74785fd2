import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFileSystem } from '@strongroom/platform';
import { FaultyFs, fsContract } from './index.js';

fsContract('FaultyFs', async () => {
  const fs = new FaultyFs();
  await fs.makeDirectory('/root');
  return { fs, root: '/root' };
});

fsContract('nodeFileSystem', async () => {
  const root = await mkdtemp(join(tmpdir(), 'strongroom-fs-'));
  return { fs: nodeFileSystem, root, dispose: () => rm(root, { recursive: true }) };
});
