import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync, inflateRawSync } from 'node:zlib';
import { deflate, inflate } from './deflate.js';
import { testValues } from './values.test.js';

testValues('compressed text', [
  [
    "zlib_compress_to_base64_string('1234567890qwertyuiop')",
    'eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==',
  ],
  [
    "gzip_compress_to_base64_string('1234567890qwertyuiop')",
    'H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==',
  ],
  ["zlib_decompress_from_base64_string('eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=')", 'Test string 123'],
  ["zlib_decompress_from_base64_string('x0x0x0')", ''],
  ["zlib_decompress_from_base64_string('')", ''],
  [
    "gzip_decompress_from_base64_string('H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==')",
    '1234567890qwertyuiop',
  ],
  ["gzip_decompress_from_base64_string('x0x0x0')", ''],
  // Data that do not fit their checksum, and optional fields of the header.
  [`zlib_decompress_from_base64_string('${broken(deflateSync('abc'))}')`, ''],
  [`gzip_decompress_from_base64_string('${gzipSync('grüße').toString('base64')}')`, 'grüße'],
  [`gzip_decompress_from_base64_string('${named(gzipSync('a'))}')`, ''],
  ["gzip_decompress_from_base64_string(gzip_compress_to_base64_string('éé\\n'))", 'éé\n'],
  [
    "strlen(zlib_decompress_from_base64_string(zlib_compress_to_base64_string(strrep('ab', 500))))",
    1000,
  ],
  // A megabyte and no more comes out.
  [
    `strlen(gzip_decompress_from_base64_string('${gzipSync('a'.repeat(2 ** 20)).toString('base64')}'))`,
    2 ** 20,
  ],
  [
    `strlen(gzip_decompress_from_base64_string('${gzipSync('a'.repeat(2 ** 20 + 1)).toString('base64')}'))`,
    0,
  ],
  [`zlib_decompress_from_base64_string('${deflateSync(Buffer.of(0xff)).toString('base64')}')`, ''],
]);

function broken(bytes: Buffer): string {
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return bytes.toString('base64');
}

function named(bytes: Buffer): string {
  bytes.writeUInt8(8, 3);
  return bytes.toString('base64');
}

void test('what the two ways deflate, both inflate', () => {
  const texts = [
    '',
    'a',
    'abcabcabcabc',
    'x'.repeat(70_000),
    JSON.stringify(Array.from({ length: 3000 }, (_, at) => ({ at, of: (at * 7919) % 1000 }))),
  ];
  const noise = Uint8Array.from({ length: 150_000 }, (_, at) => (at * at * 31 + (at >> 3)) & 0xff);
  for (const bytes of [...texts.map((each) => Buffer.from(each)), noise]) {
    const own = deflate(bytes);
    assert.deepEqual(Buffer.from(inflateRawSync(own)), Buffer.from(bytes));
    for (const made of [
      own,
      deflateRawSync(bytes),
      deflateRawSync(bytes, { level: 0 }),
      deflateRawSync(bytes, { strategy: 4 }),
    ]) {
      const back = inflate(made, bytes.length);
      assert.deepEqual(Buffer.from(back?.bytes ?? []), Buffer.from(bytes));
      assert.equal(back?.used, made.length);
      if (bytes.length > 0) assert.equal(inflate(made, bytes.length - 1), undefined);
    }
  }
});

void test('hostile bytes are refused, and end', () => {
  const made = deflateRawSync(Buffer.from('some text, some text, and some more of it'.repeat(5)));
  for (let at = 0; at < made.length; at++) {
    assert.equal(inflate(made.subarray(0, at), 1000), undefined);
    for (const bit of [1, 16, 128]) {
      const other = Uint8Array.from(made);
      other[at] = (other[at] ?? 0) ^ bit;
      const found = inflate(other, 1000);
      assert.ok(found === undefined || found.bytes.length <= 1000);
    }
  }
});
