import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './support/service.js';

test('each guarantee names tests, and each of them exists', async () => {
  const text = await readFile(join(repository, 'GUARANTEES.md'), 'utf8');
  const files = new Map<string, string>();
  let named = 0;
  let sentence = '';
  let namedOfSentence = 1;
  for (const line of text.split('\n')) {
    if (line.startsWith('- ')) {
      assert.ok(namedOfSentence > 0, `no test is named for: ${sentence}`);
      [sentence, namedOfSentence] = [line, 0];
      continue;
    }
    const match = /^ {2}- `([^`]+\.test\.ts)`: “(.+)”$/.exec(line);
    if (match === null) {
      assert.ok(!line.startsWith('  -'), `not of the form: ${line}`);
      continue;
    }
    const [, path = '', name = ''] = match;
    const known = files.get(path) ?? (await readFile(join(repository, path), 'utf8'));
    files.set(path, known);
    // The beginning of a title may be what a template fills in.
    assert.ok(known.replaceAll("\\'", "'").includes(name), `${path} has no test “${name}”`);
    named += 1;
    namedOfSentence += 1;
  }
  assert.ok(namedOfSentence > 0, `no test is named for: ${sentence}`);
  assert.ok(named > 40, 'the page names its tests');
});
