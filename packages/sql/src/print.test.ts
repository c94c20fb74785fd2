import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  and,
  bound,
  call,
  cast,
  column,
  inList,
  infix,
  integer,
  lambda,
  over,
  real,
  text,
} from './expression.js';
import { print } from './print.js';
import { select, table, unionAll } from './select.js';
import type { Expression } from './expression.js';

function printed(value: Expression): string {
  return print(select({ items: [{ value }] })).text.slice('SELECT '.length);
}

test('quotes identifiers and escapes what is in them', () => {
  assert.equal(printed(column('a`b\\')), '`a\\`b\\\\`');
  assert.equal(printed(column('x', 't')), '`t`.`x`');
});

test('binds strings once and escapes literals', () => {
  const statement = print(
    select({ items: [{ value: call('f', bound("o'b"), bound("o'b"), text("it's\n")) }] }),
  );
  assert.equal(statement.text, "SELECT f({p0:String}, {p0:String}, 'it\\'s\\n')");
  assert.deepEqual(statement.parameters, { p0: "o'b" });
});

test('brackets by precedence, from the left', () => {
  const [a, b, c] = [column('a'), column('b'), column('c')];
  assert.equal(printed(infix('-', a, infix('-', b, c))), '`a` - (`b` - `c`)');
  assert.equal(printed(infix('-', infix('-', a, b), c)), '`a` - `b` - `c`');
  assert.equal(printed(infix('AND', infix('OR', a, b), c)), '(`a` OR `b`) AND `c`');
  assert.equal(printed(infix('-', a, integer(-1))), '`a` - (-1)');
  assert.equal(printed(infix('=', infix('=', a, b), c)), '(`a` = `b`) = `c`');
  assert.equal(printed(and([a])), '`a`');
});

test('prints the least Int64, reals that stay real, and the non-finite', () => {
  assert.equal(printed(integer(-9223372036854775808n, 'Int64')), "'-9223372036854775808'::Int64");
  assert.equal(printed(real(2)), '2.');
  assert.equal(printed(real(1e300)), '1e+300');
  assert.equal(printed(real(NaN)), 'nan');
});

test('prints casts, lambdas, lists and windows', () => {
  assert.equal(printed(cast(column('a'), 'Nullable(Int64)')), "CAST(`a`, 'Nullable(Int64)')");
  assert.equal(printed(lambda(['x'], column('x'))), '(`x`) -> `x`');
  assert.equal(printed(inList(column('a'), [integer(1), integer(2)])), '`a` IN (1, 2)');
  assert.equal(
    printed(
      over(call('sum', column('a')), {
        orderBy: [{ value: column('b'), direction: 'ASC', nulls: 'LAST' }],
        frame: { unit: 'ROWS', start: 'UNBOUNDED PRECEDING', end: 0 },
      }),
    ),
    'sum(`a`) OVER (ORDER BY `b` ASC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)',
  );
});

test('refuses words that are not words and trees that are too deep', () => {
  assert.throws(() => printed(call('f(); DROP', column('a'))), { code: 'SQL_BAD_NAME' });
  assert.throws(() => printed(cast(column('a'), 'Int64`')), { code: 'SQL_BAD_NAME' });
  let deep: Expression = column('a');
  for (let i = 0; i < 1000; i++) deep = call('f', deep);
  assert.throws(() => printed(deep), { code: 'SQL_TOO_DEEP' });
});

test('prints a union whose parts have limits, and commands', () => {
  const part = select({ items: [{ value: column('a') }], from: table('t', 'd'), limit: 1n });
  assert.equal(
    print(unionAll([part, part])).text,
    '(SELECT `a` FROM `d`.`t` LIMIT 1) UNION ALL (SELECT `a` FROM `d`.`t` LIMIT 1)',
  );
  assert.equal(
    print({
      kind: 'createTable',
      table: { database: 'd', name: 't' },
      ifNotExists: true,
      columns: [{ name: 'm', type: 'String' }],
      indexes: [
        {
          name: 'i',
          expression: column('m'),
          type: 'text',
          arguments: {
            tokenizer: column('splitByNonAlpha'),
            preprocessor: call('lowerUTF8', column('m')),
          },
          granularity: 1,
        },
      ],
      engine: 'MergeTree',
      orderBy: [column('m')],
      settings: { index_granularity: 8192 },
    }).text,
    'CREATE TABLE IF NOT EXISTS `d`.`t` (`m` String, INDEX `i` `m` TYPE text(tokenizer = splitByNonAlpha, preprocessor = lowerUTF8(`m`)) GRANULARITY 1) ENGINE = MergeTree ORDER BY (`m`) SETTINGS index_granularity = 8192',
  );
});
