import { testValues } from './values.test.js';

testValues('addresses in text and IPv6', [
  ["has_ipv4('05:04:54 127.0.0.1 GET', '127.0.0.1')", true],
  ["has_ipv4('05:04:54127.0.0.1 GET', '127.0.0.1')", false],
  ["has_ipv4('05:04:54 127.0.0.256 GET', '127.0.0.256')", false],
  ["has_ipv4_prefix('x 127.0.0.1', '127.0.')", true],
  ["has_ipv4_prefix('x 127.0.0.1', '127.0')", false],
  ["has_any_ipv4('x 1.2.3.4', dynamic(['1.1.1.1', '1.2.3.4']))", true],
  ["has_any_ipv4_prefix('x 1.2.3.4', '1.1.', '1.3.')", false],
  ["ipv6_compare('::ffff:7f00:1', '127.0.0.1')", 0],
  ["ipv6_compare('fe80::85d:e82c:9446:7994', 'fe80::85d:e82c:9446:7995')", -1],
  ["ipv6_compare('fe80::1', 'nothing')", null],
  ["ipv6_is_match('192.168.1.1/24', '192.168.1.255')", true],
  ["ipv6_is_match('fe80::1/200', 'fe80::1')", null],
  ["ipv6_is_in_range('fe80::1', 'fe80::/10')", true],
  ["ipv6_is_in_any_range('fe80::1', dynamic(['::1', 'fe80::/16']))", true],
  ["parse_ipv6_mask('192.168.255.255/24', 124)", '0000:0000:0000:0000:0000:ffff:c0a8:ff00'],
  ["parse_ipv6_mask('nothing', 1)", ''],
  ["parse_ipv6('192.168.255.255')", '0000:0000:0000:0000:0000:ffff:c0a8:ffff'],
  ["parse_ipv6('192.168.255.255/24')", '0000:0000:0000:0000:0000:ffff:c0a8:ff00'],
  ["parse_ipv6('fe80::1')", 'fe80:0000:0000:0000:0000:0000:0000:0001'],
  ["parse_ipv6('no address')", ''],
]);
