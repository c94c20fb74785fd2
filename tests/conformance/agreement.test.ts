/**
 * The compiler beside Microsoft's binder over queries made of the corpora's: what it refuses is
 * refused, what it accepts is accepted with the same columns and types.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@strongroom/testkit';
import { Agreement, type Difference } from './agreement.js';
import { corporaArePresent, corpusQueries, standardTables } from './corpora.js';
import { mutated } from './mutations.js';
import { sampleTables } from './sample-tables.js';

const skip =
  corporaArePresent() || process.env['CI'] === 'true'
    ? false
    : 'the corpora are not at ../shared/kql';

/** Differences that are meant, each with its reason; docs/kql.md has them for users. */
const meant: readonly { readonly fits: RegExp; readonly why: string }[] = [
  {
    fits: /^we refuse SYN0003/,
    why: 'its parser takes any text as a literal; the service does not',
  },
  { fits: /count\(\w+/, why: 'count(column) is accepted, as the service does' },
  { fits: /^columns .*match_id:long/, why: 'its scan shows match_id unasked' },
  { fits: /schema_merge/, why: 'a documented plugin that it does not know' },
  { fits: /^we accept KS142 The name '[^']*\*'/, why: 'a pattern of an isfuzzy union' },
  { fits: /^we accept KS129/, why: 'we ask for fewer constants' },
  { fits: /^we accept KS228/, why: 'keywords are names where nothing else can be meant' },
  { fits: /^we accept KS005/, why: 'words that may be left out' },
  { fits: /^we accept KS211 The name '(?:hour|month|year|dateadd|\w+if)'/, why: 'older names' },
  {
    fits: /^we refuse SEM0064 .*datetime|^we refuse SEM0064 .* guid/,
    why: 'the service refuses it too',
  },
];

function isMeant(found: Difference): boolean {
  return meant.some(({ fits }) => fits.test(`${found.kind} ${found.what}`));
}

void test(
  'mutated queries are accepted or refused, and have the columns, as in the binder',
  { skip },
  async () => {
    const seed = process.env['STRONGROOM_TEST_SEED'] ?? '20261124';
    const times = Number(process.env['STRONGROOM_KQL_MUTATIONS'] ?? '200');
    const random = seededRandom(seed);
    const tables = new Map([
      ...standardTables(),
      ...sampleTables.map((each) => [each.name, each] as const),
    ]);
    const agreement = new Agreement(tables);
    // Long ones take the binder a second each.
    const queries = corpusQueries().filter((each) => each.length < 2500);
    const source = {
      columns: [
        'TimeGenerated',
        'Computer',
        'SourceSystem',
        'Type',
        'State',
        'StartTime',
        'DamageProperty',
        'StormSummary',
        'BeginLat',
      ],
      tables: ['StormEvents', 'Heartbeat', 'SigninLogs', 'PopulationData'],
    };
    const differing: string[] = [];
    for (let time = 0; time < times; time++) {
      const query = mutated(random.pick(queries), random, source);
      const found = await agreement.difference(query);
      if (found !== undefined && !isMeant(found))
        differing.push(`${found.kind}: ${found.what}\n  ${query}`);
    }
    console.log(`${times} mutated queries (seed ${seed}), ${differing.length} differences`);
    assert.ok(differing.length <= times * 0.02, differing.join('\n\n'));
  },
);
