import { testValues } from './values.test.js';

testValues('what a series amounts to', [
  [
    'series_stats_dynamic(dynamic([2, 4, 4, 6]))',
    '{"min":2,"min_idx":0,"max":6,"max_idx":3,"avg":4,"stdev":1.632993161855452,"variance":2.6666666666666665,"sum":16,"len":4}',
  ],
  ['series_stats_dynamic(dynamic([1, null])).avg', null],
  ['series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6]))', 1],
  ['series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1]))', 0],
  ['series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1, 2]))', null],
  [
    'series_fill_linear(dynamic([null, 111, null, 36, 41, null, null, 16, null]))',
    '[111,111,73,36,41,32,24,16,16]',
  ],
  ['series_fill_linear(dynamic([null, 1.5, null, 2.5]), double(null), false)', '[null,1.5,2,2.5]'],
  ['series_fill_linear(dynamic([null, null]), double(null), true, 3.5)', '[3.5,3.5]'],
  ['series_fill_linear(dynamic([-1, 4, -1, 8]), -1.0)', '[4,4,6,8]'],
  ['series_iir(dynamic([1, 2, 3, 4]), dynamic([1]), dynamic([1, -1]))', '[1,3,6,10]'],
  ['set_equals(dynamic([1, 2]), dynamic([2, 1, 1]))', true],
  ['set_equals(dynamic([1]), dynamic([2]))', false],
  ['around(5, 4, 1)', true],
  ['around(now(), ago(1h), 1m)', false],
]);
