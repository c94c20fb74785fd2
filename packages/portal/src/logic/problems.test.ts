import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excerptOf, problemsOf } from './problems.js';

const query = 'Heartbeat\n| where Computr == "a"';

test('reads the innermost error with its place', () => {
  const problems = problemsOf(
    {
      code: 'BadArgumentError',
      message: 'The request had some invalid properties',
      innererror: {
        code: 'SemanticError',
        message: 'A semantic error occurred.',
        innererror: {
          code: 'SEM0100',
          message: "no column 'Computr'",
          hint: "Did you mean 'Computer'?",
          line: 2,
          pos: 9,
          start: 18,
          length: 7,
        },
      },
    },
    query,
  );
  assert.deepEqual(problems, [
    {
      code: 'SEM0100',
      message: "no column 'Computr'",
      hint: "Did you mean 'Computer'?",
      place: { start: 18, length: 7 },
    },
  ]);
  assert.equal(query.slice(18, 25), 'Computr');
});

test('reads several, and finds a place from line and column', () => {
  const problems = problemsOf(
    {
      code: 'BadArgumentError',
      message: 'outer',
      details: [
        { code: 'A', message: 'one', line: 2, pos: 9, length: 7 },
        { code: 'B', message: 'two' },
      ],
    },
    query,
  );
  assert.deepEqual(problems[0]?.place, { start: 18, length: 7 });
  assert.equal(problems[1]?.place, undefined);
});

test('a place outside the query is none', () => {
  const [problem] = problemsOf({ code: 'A', message: 'm', start: 999, line: 99 }, query);
  assert.equal(problem?.place, undefined);
});

test('cuts the line at the place', () => {
  assert.deepEqual(excerptOf(query, { start: 18, length: 7 }), {
    line: 2,
    column: 9,
    before: '| where ',
    at: 'Computr',
    after: ' == "a"',
  });
  assert.equal(excerptOf(query, { start: query.length, length: 1 }).at, '');
});
