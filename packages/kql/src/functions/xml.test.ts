import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testValues } from './values.test.js';
import { xmlAsJson } from './xml.js';

const deep = (count: number): string => '<e>'.repeat(count) + '</e>'.repeat(count);
const entity = '<!DOCTYPE e [<!ENTITY a "b"> <!ELEMENT e (#PCDATA)>]>';

testValues('XML', [
  // The reference's table.
  ["tostring(parse_xml('<e/>'))", '{"e":null}'],
  ["tostring(parse_xml('<e>text</e>'))", '{"e":"text"}'],
  [`tostring(parse_xml('<e name="value" />'))`, '{"e":{"@name":"value"}}'],
  [`tostring(parse_xml('<e name="value">text</e>'))`, '{"e":{"@name":"value","#text":"text"}}'],
  ["tostring(parse_xml('<e> <a>text</a> <b>text</b> </e>'))", '{"e":{"a":"text","b":"text"}}'],
  ["tostring(parse_xml('<e> <a>text</a> <a>text</a> </e>'))", '{"e":{"a":["text","text"]}}'],
  ["tostring(parse_xml('<e> text <a>text</a> </e>'))", '{"e":{"#text":"text","a":"text"}}'],
  // And its example.
  [
    `toreal(parse_xml('<?xml version="1.0" encoding="UTF-8"?>\\n<duration>\\n <value>118.0</value>\\n <count>5.0</count></duration>\\n').duration.value)`,
    118,
  ],
  [`parse_xml("<a:b xmlns:a='u' c='&lt;&#65;&#x42;&quot;'>&amp;</a:b>")["a:b"]["@c"]`, '"<AB\\""'],
  ["tostring(parse_xml('<e><!-- <x> --><?pi <?><![CDATA[<&]]>a</e>'))", '{"e":"<&a"}'],
  ["tostring(parse_xml('<e>a<b/>c</e>'))", '{"e":{"#text":["a","c"],"b":null}}'],
  ['tostring(parse_xml(\'<Größe é="1"/>\'))', '{"Größe":{"@é":"1"}}'],
  [`tostring(parse_xml('${entity}<e>x</e>'))`, '{"e":"x"}'],
  // None of these is XML.
  ...[
    '',
    'text',
    '<e>',
    '</e>',
    '<e></f>',
    '<e/><f/>',
    '<e a=1/>',
    '<e a="1" a="2"/>',
    '<e a="<"/>',
    '<e>&a;</e>',
    '<e>&lt</e>',
    '<e>&#0;</e>',
    `${entity}<e>&a;</e>`,
    '<e><!-- </e>',
    '<1/>',
    'x<e/>',
    '<e/>x',
    deep(129),
  ].map((text) => [`isnull(parse_xml('${text}'))`, true] as const),
  [`isnotnull(parse_xml('${deep(128)}'))`, true],
  ["isnotnull(parse_xml(strcat('<e>', strrep('x', 1024), '</e>')))", true],
]);

void test('XML of a megabyte is read, and no more', () => {
  const most = 1_048_576 - '<e></e>'.length;
  assert.equal(xmlAsJson(`<e>${'x'.repeat(most)}</e>`)?.length, most + 8);
  assert.equal(xmlAsJson(`<e>${'x'.repeat(most + 1)}</e>`), undefined);
  assert.equal(xmlAsJson(`<e>${'é'.repeat(most / 2)}xx</e>`), undefined);
});
