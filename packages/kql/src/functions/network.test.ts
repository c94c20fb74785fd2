import { testValues } from './values.test.js';

testValues('IPv4 written', [
  ["format_ipv4('192.168.1.1', 24)", '192.168.1.0'],
  ["format_ipv4('192.168.1.1/24', 32)", '192.168.1.0'],
  ["format_ipv4('192.168.1.1/24', -1)", ''],
  ["format_ipv4('nothing')", ''],
  ['format_ipv4(3232235777)', '192.168.1.1'],
  ['format_ipv4(-1)', ''],
  ["format_ipv4_mask('192.168.1.1/24')", '192.168.1.0/24'],
  ["format_ipv4_mask('192.168.1.1', 16)", '192.168.0.0/16'],
  ['format_ipv4_mask(3232235777, 24)', '192.168.1.0/24'],
]);
