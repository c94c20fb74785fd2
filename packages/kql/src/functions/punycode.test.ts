import { testValues } from './values.test.js';

// RFC 3492 §7.1 (A, B, I, L, S), the language reference, and what is none.
testValues('punycode', [
  ["punycode_from_string('ليهمابتكلموشعربي؟')", 'egbpdaj6bu4bxfgehfvwxn'],
  ["punycode_from_string('他们为什么不说中文')", 'ihqwcrb4cv8a8dqg056pqjye'],
  ["punycode_from_string('почемужеонинеговорятпорусски')", 'b1abfaaepdrnnbgefbadotcwatmq2g4l'],
  ["punycode_from_string('3年B組金八先生')", '3B-ww4c5e180e575a65lsy2b'],
  ["punycode_from_string('-> $1.00 <-')", '-> $1.00 <--'],
  ["punycode_from_string('académie-française')", 'acadmie-franaise-npb1a'],
  ["punycode_from_string('')", ''],
  ["punycode_to_string('acadmie-franaise-npb1a')", 'académie-française'],
  ["punycode_to_string('b1abfaaepdrnnbgefbadotcwatmq2g4l')", 'почемужеонинеговорятпорусски'],
  ["punycode_to_string('99999999999')", ''],
  ["punycode_to_string('é')", ''],
  [
    "punycode_domain_to_string('Lê Lợi。Thuận Thiên。com')",
    'xn--L Li-gpa4517b.xn--Thun Thin-s4a7194f.com',
  ],
  [
    "punycode_domain_from_string('xn--Ry-lja8c.xn--Jng-uta63a.xn--Bng-9ka.com')",
    'Rúyì.Jīngū.Bàng.com',
  ],
]);
