import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nodeFileSystem } from '@strongroom/platform';
import { findFiles, globMatches, parseGlob } from './glob.js';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'strongroom-glob-'));
  await mkdir(join(root, 'a/b/c'), { recursive: true });
  await mkdir(join(root, 'a/.hidden'), { recursive: true });
  for (const name of [
    'x.log',
    'y.log',
    'y.log.1',
    '.z.log',
    'a/x.log',
    'a/b/x.log',
    'a/b/c/x.txt',
    'a/b/c/x.log',
    'a/.hidden/x.log',
    '[1].log',
  ]) {
    await writeFile(join(root, name), name);
  }
  await symlink('/etc/passwd', join(root, 'link.log'));
  await symlink(root, join(root, 'a/loop'));
});
after(() => rm(root, { recursive: true, force: true }));

test('finds regular files by pattern, never through links', async () => {
  const cases: [string, string[]][] = [
    ['*.log', ['[1].log', 'x.log', 'y.log']],
    ['x.log', ['x.log']],
    ['?.log', ['x.log', 'y.log']],
    ['[xy].log', ['x.log', 'y.log']],
    ['[!x].log', ['y.log']],
    ['[a-x].log', ['x.log']],
    ['[[]1].log', ['[1].log']],
    ['.*.log', ['.z.log']],
    ['*/x.log', ['a/x.log']],
    ['**/x.log', ['a/b/c/x.log', 'a/b/x.log', 'a/x.log', 'x.log']],
    ['a/**', ['a/b/c/x.log', 'a/b/c/x.txt', 'a/b/x.log', 'a/x.log']],
    ['a/**/**/c/*', ['a/b/c/x.log', 'a/b/c/x.txt']],
    ['*.log*', ['[1].log', 'x.log', 'y.log', 'y.log.1']],
    ['(x|y).log', []],
    ['nothing/here/*.log', []],
    ['x.log/*', []],
  ];
  for (const [pattern, expected] of cases) {
    const result = await findFiles(nodeFileSystem, parseGlob(`${root}/${pattern}`));
    assert.deepEqual(
      result.files.map(({ path }) => path.slice(root.length + 1)).toSorted(),
      expected,
      pattern,
    );
    assert.deepEqual(result.unreadable, []);
    for (const { path } of result.files)
      assert.ok(globMatches(parseGlob(`${root}/${pattern}`), path));
    assert.ok(!globMatches(parseGlob(`${root}/${pattern}`), `${root}/a/.hidden/x.log`));
  }
});

test('refuses patterns that are no absolute paths, or climb', () => {
  for (const pattern of [
    '',
    'x.log',
    '*.log',
    '/',
    '/var/../etc/passwd',
    '/a/\0',
    `/${'a'.repeat(5000)}`,
    '/var/log/[z-a].log',
  ]) {
    assert.throws(() => parseGlob(pattern), { code: 'AGENT_BAD_PATTERN' }, pattern);
  }
});
