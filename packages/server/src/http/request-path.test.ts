import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpError } from './errors.js';
import { readRequestPath, resourceKey } from './request-path.js';

const scope =
  '/subscriptions/s/resourcegroups/rg/providers/microsoft.operationalinsights/workspaces/w';

test('spellings that official clients send become one key', () => {
  for (const target of [
    '/subscriptions/S/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w',
    '//subscriptions/s/resourcegroups/rg/providers/Microsoft.OperationalInsights//workspaces/w/',
    '/%2Fsubscriptions%2Fs%2FresourceGroups%2Frg%2Fproviders%2FMicrosoft.OperationalInsights%2Fworkspaces%2Fw',
  ]) {
    assert.equal(resourceKey(target), scope);
  }
});

test('query names are decoded, the first of a repeated name counts', () => {
  const { query } = readRequestPath('/x?api%2Dversion=2023-01-01&%24filter=a+b&api-version=other');
  assert.equal(query.get('api-version'), '2023-01-01');
  assert.equal(query.get('$filter'), 'a b');
});

for (const [why, target] of [
  ['a parent segment', '/a/../b'],
  ['an encoded parent segment', '/a/%2e%2e/b'],
  ['an encoded slash beside a parent segment', '/a%2F..%2Fb'],
  ['a NUL', '/a%00b'],
  ['a backslash', '/a%5C..%5Cb'],
  ['a newline', '/a%0d%0aset-cookie:x'],
  ['a broken escape', '/a%zz'],
  ['an overlong escape', '/a%c0%af'],
  ['a target beyond the limit', `/${'a'.repeat(20_000)}`],
] as const) {
  test(`refuses ${why}`, () => {
    assert.throws(() => readRequestPath(target), HttpError);
  });
}

test('decodes once: an escaped escape stays text', () => {
  assert.equal(readRequestPath('/a%252Fb').path, '/a%2Fb');
});
