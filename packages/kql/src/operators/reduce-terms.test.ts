import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reduced, type ReduceOptions } from './reduce-terms.js';

function f(texts: readonly string[], options: Partial<ReduceOptions> = {}) {
  const made = reduced(
    texts,
    texts.map(() => 1),
    { threshold: 0.1, separators: undefined, ...options },
  );
  return made.patterns.map((each) => [each.pattern, each.count, each.representative]);
}
const numbered = (prefix: string, count: number, digits = 1000): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${(at * 7) % digits}`);

test('the documented examples', () => {
  assert.deepEqual(
    f(numbered('MachineLearningX', 1000, 10), { threshold: 0.001, separators: 'X' }),
    [['MachineLearning*', 1000, 'MachineLearningX0']],
  );
  assert.deepEqual(f(numbered('fooZ', 10)), [['others', 10, '']]);
  assert.deepEqual(f(numbered('fooZ', 10), { separators: 'Z' }), [['foo*', 10, 'fooZ0']]);
});

test('patterns planted in noise are found', () => {
  const noise = Array.from({ length: 30 }, (_, at) => `x${at}y z${at}`);
  const made = f([
    ...numbered('Accepted password for root from 10.0.0.', 60).map((each) => `${each} port 22`),
    ...Array.from({ length: 40 }, (_, at) => `Disk sd${at}q is full`),
    ...noise,
  ]);
  assert.deepEqual(made, [
    [
      'Accepted password for root from * port *',
      60,
      'Accepted password for root from 10.0.0.0 port 22',
    ],
    ['Disk * is full', 40, 'Disk sd0q is full'],
    ['others', 30, ''],
  ]);
});

test('equal texts are their own pattern, and texts of other lengths join what they begin with', () => {
  assert.deepEqual(f(['Moscow', 'Moscow', 'San Jose', 'San Juan Capistrano', 'San Diego']), [
    ['San *', 3, 'San Jose'],
    ['Moscow', 2, 'Moscow'],
  ]);
});

test('each text has its pattern, and counts are rows', () => {
  const made = reduced(['a b', 'a c', 'q'], [5, 4, 1], { threshold: 0.5, separators: undefined });
  assert.deepEqual(
    made.of,
    ['a b', 'a *', 'others'].map((each, at) => (at === 1 ? 'others' : each)),
  );
  assert.deepEqual(
    made.patterns.map((each) => each.count),
    [5, 5],
  );
});

test('nothing, and texts without terms', () => {
  assert.deepEqual(f([]), []);
  assert.deepEqual(f(['', '--', '--']), [['others', 3, '']]);
});
