import { testRows } from '../functions/values.test.js';

const series = 'print x = dynamic([2, 4, 4, 6])';

testRows('functions of several columns', [
  [`${series} | project series_stats(x)`, [[2, 0, 6, 3, 4, 1.632993161855452, 2.6666666666666665]]],
  [`${series} | project series_stats(x) | project series_stats_x_max_idx`, [[3]]],
  [`${series} | extend (a, b, c) = series_stats(x) | project-away x`, [[2, 0, 6]]],
  [`${series} | extend a = series_stats(x) | project a, series_stats_x_avg`, [[2, 4]]],
  [
    'print y = dynamic([1, 3, 5]) | extend (r, s, v, w, i, l) = series_fit_line(y)',
    [['[1,3,5]', 1, 2, 4, 0, -1, '[1,3,5]']],
  ],
  [
    'print y = dynamic([2, 5, 6, 8, 11, 15, 17, 18, 25, 26, 30, 30]) | extend (r, s, v, w, i) = series_fit_line(y) | project round(r, 3), round(s, 2), round(v, 3), round(w, 3), round(i, 3)',
    [[0.983, 2.73, 98.629, 1.686, -1.667]],
  ],
  [
    'print y = dynamic([1, null, 5]) | extend series_fit_line(y) | project series_fit_line_y_slope, series_fit_line_y_line_fit',
    [[null, null]],
  ],
]);
