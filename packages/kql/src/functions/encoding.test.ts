import { testValues } from './values.test.js';

testValues('bytes, records and rewritten text', [
  ["base64_decode_toarray('S3VzdG8=')", '[75,117,115,116,111]'],
  ["base64_decode_toarray('not base64')", null],
  ['base64_encode_fromarray(dynamic([75, 117, 115, 116, 111]))', 'S3VzdG8='],
  ['base64_encode_fromarray(dynamic([75, 256]))', ''],
  [
    "base64_encode_fromguid(toguid('ae3133f2-6e22-49ae-b06a-16e6a9b212eb'))",
    '8jMxriJurkmwahbmqbIS6w==',
  ],
  ["base64_decode_toguid('8jMxriJurkmwahbmqbIS6w==')", 'ae3133f2-6e22-49ae-b06a-16e6a9b212eb'],
  [
    "replace_strings('a cat and a dog', dynamic(['cat', 'dog']), dynamic(['dog', 'pigeon']))",
    'a dog and a pigeon',
  ],
  ["replace_strings('This is', dynamic(['This', 'is']), dynamic([1, 'was']))", 'This was'],
  ["translate('krasp', 'otsku', 'spark')", 'kusto'],
  ["translate('abc', '', 'ab')", ''],
  ["translate('abc', 'x', 'abc')", 'xxx'],
  ['parse_csv(\'aa,"b,b",,"say ""x"""\')', '["aa","b,b","","say \\"x\\""]'],
  ["parse_csv('a,b\\nc,d')", '["a","b"]'],
  ["parse_urlquery('?a=1&b=2=3&c')", '{"Query Parameters":{"a":"1","b":"2=3","c":""}}'],
  ["indexof_regex('abcabc', 'a.c')", 0],
  ["indexof_regex('abcabc', 'a.c', 0, -1, 2)", 3],
  ["indexof_regex('abcabc', 'a.c', 1, -1, 2)", -1],
  ["indexof_regex('ababaa', 'a.a', 0, -1, 2)", -1],
  ["indexof_regex('abcabc', 'z')", -1],
  ["isascii('aé')", false],
  [
    'parse_command_line(@"C:\\a\\b.exe ""C:\\Program Files\\x"" /c \\""q\\"" ""c\\\\"" d", "windows")',
    '["C:\\\\a\\\\b.exe","C:\\\\Program Files\\\\x","/c","\\"q\\"","c\\\\","d"]',
  ],
]);
