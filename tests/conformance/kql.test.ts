/** A short run of the corpora: some of each kind, held to their floors by `npm run conformance`. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Corpora, corporaArePresent } from './corpora.js';

const present = corporaArePresent();
const skip =
  present || process.env['CI'] === 'true' ? false : 'the corpora are not at ../shared/kql';
const corpora = present ? new Corpora() : undefined;
after(() => corpora?.close());

void test(
  'documented examples of joins, parse, mv-expand and bins give the documented rows',
  { skip },
  async () => {
    assert.ok(corpora !== undefined, 'the corpora are at ../shared/kql');
    const chosen =
      /^(bin-function|bin-at|join-left|join-right|parse-operator#1|mv-expand-operator#[1-5]|print-|make-list|summarize-operator|coalesce|let-statement#[1-4])/;
    const verdicts = await corpora.docs((id) => chosen.test(id));
    assert.ok(verdicts.length >= 20);
    const failed = verdicts.filter((each) => each.outcome === 'fail');
    assert.deepEqual(failed, []);
  },
);

void test(
  'real queries bind to the columns that the language service gives, and run',
  { skip },
  async () => {
    assert.ok(corpora !== undefined, 'the corpora are at ../shared/kql');
    const verdicts = await corpora.realWorld((index) => index % 12 === 0);
    const passed = verdicts.filter((each) => each.outcome === 'pass').length;
    const failed = verdicts.filter((each) => each.outcome === 'fail');
    assert.ok(passed >= 45 && failed.length <= 4, `${passed} pass; ${JSON.stringify(failed)}`);
  },
);
