import { testValues } from './values.test.js';

testValues('members of bags', [
  [
    "bag_remove_keys(dynamic({'a': 1, 'b': {'c': 2, 'd': 3}, 'e': 4}), dynamic(['$.b.c', 'e', 'z']))",
    '{"a":1,"b":{"d":3}}',
  ],
  [
    "bag_remove_keys(dynamic({'a': {'b': {'c': 1, 'd': 2}}, 'z': 1}), dynamic([\"$['a']['b'].c\", '$.z.q']))",
    '{"a":{"b":{"d":2}},"z":1}',
  ],
]);
