import type { ScalarType } from '@strongroom/sql';

/** Functions that give several columns: parts of what their `…_dynamic` sibling gives as one bag. */
export const bagsOfColumns: ReadonlyMap<string, readonly (readonly [string, ScalarType])[]> =
  new Map<string, readonly (readonly [string, ScalarType])[]>([
    [
      'series_stats',
      [
        ['min', 'real'],
        ['min_idx', 'long'],
        ['max', 'real'],
        ['max_idx', 'long'],
        ['avg', 'real'],
        ['stdev', 'real'],
        ['variance', 'real'],
      ],
    ],
    [
      'series_fit_line',
      [
        ['rsquare', 'real'],
        ['slope', 'real'],
        ['variance', 'real'],
        ['rvariance', 'real'],
        ['interception', 'real'],
        ['line_fit', 'dynamic'],
      ],
    ],
    [
      'series_fft',
      [
        ['real', 'dynamic'],
        ['imag', 'dynamic'],
      ],
    ],
    [
      'series_ifft',
      [
        ['real', 'dynamic'],
        ['imag', 'dynamic'],
      ],
    ],
    [
      'series_periods_detect',
      [
        ['periods', 'dynamic'],
        ['scores', 'dynamic'],
      ],
    ],
    [
      'series_periods_validate',
      [
        ['periods', 'dynamic'],
        ['scores', 'dynamic'],
      ],
    ],
    [
      'series_decompose',
      [
        ['baseline', 'dynamic'],
        ['seasonal', 'dynamic'],
        ['trend', 'dynamic'],
        ['residual', 'dynamic'],
      ],
    ],
    [
      'series_decompose_forecast',
      [
        ['baseline', 'dynamic'],
        ['seasonal', 'dynamic'],
        ['trend', 'dynamic'],
        ['residual', 'dynamic'],
      ],
    ],
    [
      'series_decompose_anomalies',
      [
        ['ad_flag', 'dynamic'],
        ['ad_score', 'dynamic'],
        ['baseline', 'dynamic'],
      ],
    ],
    [
      'series_fit_poly',
      [
        ['rsquare', 'real'],
        ['coefficients', 'dynamic'],
        ['variance', 'real'],
        ['rvariance', 'real'],
        ['poly_fit', 'dynamic'],
      ],
    ],
    [
      'series_fit_2lines',
      [
        ['rsquare', 'real'],
        ['split_idx', 'long'],
        ['variance', 'real'],
        ['rvariance', 'real'],
        ['line_fit', 'dynamic'],
        ['right_rsquare', 'real'],
        ['right_slope', 'real'],
        ['right_interception', 'real'],
        ['right_variance', 'real'],
        ['right_rvariance', 'real'],
        ['left_rsquare', 'real'],
        ['left_slope', 'real'],
        ['left_interception', 'real'],
        ['left_variance', 'real'],
        ['left_rvariance', 'real'],
      ],
    ],
  ]);
