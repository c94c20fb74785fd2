import { testRows } from './values.test.js';

const traffic =
  'dynamic([80,139,87,110,68,54,50,51,53,133,86,141,97,156,94,149,95,140,77,61,50,54,47,133,72,152,94,148,105,162,101,160,87,63,53,55,54,151,103,189,108,183,113,175,113,178,90,71,62,62,65,165,109,181,115,182,121,178,114,170])';

testRows('models of series', [
  // The documented examples.
  [
    `print y = ${traffic} | project series_periods_detect(y, 0.0, 50.0, 2)`,
    [['[14,0]', '[0.8410516248085879,0]']],
  ],
  [
    `print y = ${traffic} | project series_periods_validate(y, 14.0, 10.0)`,
    [['[14,10]', '[0.8410516248085879,0]']],
  ],
  [
    'print series_seasonal(dynamic([1, 3, 5, 2, 4, 6, 1, 3, 5, 2, 4, 6]))',
    [['[0,0,0,0,0,0,0,0,0,0,0,0]']],
  ],
  ['print series_seasonal(dynamic([1, 3, 5, 1, 3, 5, 2, 4, 6]), 3)', [['[1,3,5,1,3,5,1,3,5]']]],
  // Worked out by hand.
  ['print series_fir(dynamic([1,2,3,4,5]), dynamic([1,-1]))', [['[1,1,1,1,1]']]],
  ['print series_fir(dynamic([2,2,2,2]), dynamic([1,1]), false, true)', [['[4,4,4,2]']]],
  ['print series_fir(dynamic([1,2]), dynamic([1,-1]), true)', [[null]]],
  [
    'print (forecast) = series_decompose_forecast(dynamic([1,2,3,4,5,6,7,8,0,0]), 2) | project forecast',
    [['[1,2,3,4,5,6,7,8,9,10]']],
  ],
  [
    'print (flag, score) = series_decompose_anomalies(dynamic([1,2,1,2,1,2,90,2,1,2,1,2]), 1.5, 0) | project flag',
    [['[0,0,0,0,0,0,1,0,0,0,0,0]']],
  ],
  [
    'print series_outliers(dynamic([1, 2, 3, 4, 5, null, 100]), "tukey")',
    [['[-0.5,-0.1,0,0,0.1,0,38.1]']],
  ],
  [
    'print (r, c) = series_fit_poly(dynamic([1,4,9,16]), dynamic([1,2,3,4]), 2) | project round(r, 9), round(toreal(c[0]), 9)',
    [[1, 1]],
  ],
  [
    'print (r, split) = series_fit_2lines(dynamic([1,2,3,4,4,3,2,1])) | project round(r, 9), split',
    [[1, 4]],
  ],
  ['print (re, im) = series_fft(dynamic([1,1,1,1])) | project re[0]', [['4']]],
]);
