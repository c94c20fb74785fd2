import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, utf8 } from '@strongroom/base';
import { printRowText, readRowText } from './row-text.js';

const columns = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'Text', type: 'string' },
  { name: 'Props', type: 'dynamic' },
  { name: 'Big', type: 'long' },
  { name: 'Small', type: 'int' },
  { name: 'Flag', type: 'bool' },
  { name: 'Real', type: 'real' },
  { name: 'Exact', type: 'decimal' },
  { name: 'Id', type: 'guid' },
  { name: 'Span', type: 'timespan' },
];

function bytes(size: number, value: bigint): Uint8Array {
  const result = new Uint8Array(size);
  let rest = BigInt.asUintN(size * 8, value);
  for (let index = 0; index < size; index += 1, rest >>= 8n) result[index] = Number(rest & 0xffn);
  return result;
}
const some = (size: number, value: bigint): Uint8Array =>
  concatBytes(Uint8Array.of(0), bytes(size, value));
const none = Uint8Array.of(1);
const real = (value: number): Uint8Array => {
  const result = new Uint8Array(9);
  new DataView(result.buffer).setFloat64(1, value, true);
  return result;
};
const text = (value: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(value.length), value);
const ticks = 639_000_000_012_345_678n;
const system = concatBytes(bytes(8, ticks), bytes(8, 7n), bytes(4, 3n), bytes(4, 99n));

const full = concatBytes(
  bytes(8, ticks),
  text(utf8('a "line",\n{of} text é')),
  text(utf8('{"a":[1,"}"],"b":{"c":12345678901234567890}}')),
  some(8, -9_223_372_036_854_775_808n),
  some(4, -5n),
  some(1, 1n),
  real(-0.1),
  some(16, -150_000_000_000_000_000n),
  some(16, 0x0123456789abcdef0123456789abcdefn),
  some(8, -(86_400n * 10_000_000n * 3n + 1n)),
  system,
);
const empty = concatBytes(
  bytes(8, 0n),
  Uint8Array.of(0),
  Uint8Array.of(0),
  ...Array.from({ length: 7 }, () => none),
  system,
);

test('a row is one line of JSON that leads back to its bytes', () => {
  for (const row of [full, empty]) {
    const line = printRowText(row, columns);
    assert.doesNotMatch(line, /\n|_RowBinary/);
    assert.deepEqual(readRowText(line, columns), new Uint8Array(row));
    JSON.parse(line);
  }
  const shown = JSON.parse(printRowText(full, columns)) as Record<string, unknown>;
  assert.equal(shown['Text'], 'a "line",\n{of} text é');
  assert.equal(shown['Exact'], '-1.5');
  assert.equal(shown['Span'], '-3.00:00:00.0000001');
  assert.equal(shown['_Position'], 7);
});

test('what JSON cannot say stands as bytes beside it', () => {
  const odd = (cell: Uint8Array, at: number): Uint8Array => {
    const cells: Uint8Array[] = [
      bytes(8, 0n),
      Uint8Array.of(0),
      Uint8Array.of(0),
      ...Array.from({ length: 7 }, () => none),
      system,
    ];
    cells[at] = cell;
    return concatBytes(...cells);
  };
  const rows = [
    odd(text(Uint8Array.of(0xff, 0xfe)), 1),
    odd(text(utf8('{"a":1')), 2),
    odd(text(utf8(' [1]')), 2),
    odd(real(-0), 6),
    odd(real(Number.NaN), 6),
    odd(real(Number.POSITIVE_INFINITY), 6),
    odd(bytes(8, -1n), 0),
  ];
  for (const row of rows) {
    const line = printRowText(row, columns);
    JSON.parse(line);
    assert.deepEqual(readRowText(line, columns), new Uint8Array(row));
  }
});

test('every changed character of a line is found', () => {
  for (const row of [full, empty]) {
    const line = printRowText(row, columns);
    for (let at = 0; at < line.length; at += 1) {
      const changed = `${line.slice(0, at)}${line[at] === '1' ? '2' : '1'}${line.slice(at + 1)}`;
      let read: Uint8Array | undefined;
      try {
        read = readRowText(changed, columns);
      } catch {
        continue;
      }
      assert.notDeepEqual(read, new Uint8Array(row), `at ${at}: ${changed}`);
    }
    assert.throws(() => readRowText(line.replace(',', ', '), columns));
    assert.throws(() => readRowText(line.replace('}', ',"More":1}'), columns));
  }
});
