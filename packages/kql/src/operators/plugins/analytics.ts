/** The user-analytics plugins, and rolling_percentile, as queries in KQL. */

import { funnelPlugins } from './funnels.js';
import { inKql } from './in-kql.js';
import type { Plugin } from './plugin.js';

const column = (name: string) => ({ name, kind: 'column' }) as const;
const constant = (name: string) => ({ name, kind: 'constant' }) as const;
const of = (args: ReadonlyMap<string, string>, name: string): string => args.get(name) ?? name;

/** Percentiles of the values in the bins up to each bin. */
const rollingPercentile = inKql({
  name: 'rolling_percentile',
  parameters: [
    column('Value'),
    constant('Percentile'),
    column('Index'),
    constant('BinSize'),
    constant('Bins'),
  ],
  query: (dimensions) => `
    let Binned = T | extend Bin = bin(Index, BinSize);
    Binned
    | mv-expand Ahead = range(0, Bins - 1) to typeof(long)
    | extend Bin = Bin + Ahead * BinSize
    | summarize Rolling = percentile(Value, Percentile) by Bin${dimensions}
    | join kind=leftsemi (Binned | distinct Bin${dimensions}) on Bin${dimensions}
    | project Bin${dimensions}, Rolling`,
  names: (args, dimensions) => [
    of(args, 'Index'),
    ...dimensions,
    `rolling_${of(args, 'Bins')}_percentile_${of(args, 'Value')}_${of(args, 'Percentile')}`,
  ],
});

/** Those who appear in enough periods of the time before, theirs included. */
const activeUsersCount = inKql({
  name: 'active_users_count',
  parameters: [
    column('Id'),
    column('Time'),
    constant('Start'),
    constant('End'),
    constant('Lookback'),
    constant('Period'),
    constant('ActivePeriods'),
    constant('Bin'),
  ],
  query: (dimensions) => `
    let Active = T
      | where Time > Start - Lookback and Time <= End
      | extend At = bin_at(Time, Period, Start)
      | distinct Id, At${dimensions};
    Active
    | where At >= Start
    | join kind=inner (Active | extend Before = At | project-away At) on Id${dimensions}
    | where Before <= At and Before > At - Lookback
    | summarize Periods = count() by Id, At${dimensions}
    | where Periods >= ActivePeriods
    | summarize Users = dcount(Id) by Bins = bin_at(At, Bin, Start)${dimensions}
    | project Bins${dimensions}, Users
    | sort by Bins asc`,
  names: (args, dimensions) => [of(args, 'Time'), ...dimensions, 'dcount'],
});

/** Who came back, and who is new, in each window. */
const activityMetrics = inKql({
  name: 'activity_metrics',
  parameters: [
    column('Id'),
    column('Time'),
    constant('Start'),
    constant('End'),
    constant('Window'),
  ],
  query: (dimensions) => `
    let Seen = T
      | where Time between (Start .. End)
      | extend At = bin_at(Time, Window, Start)
      | distinct Id, At${dimensions};
    let First = Seen | summarize First = min(At) by Id${dimensions};
    let Before = Seen | extend At = At + Window, Kept = 1;
    Seen
    | join kind=inner First on Id${dimensions}
    | join kind=leftouter Before on Id, At${dimensions}
    | summarize Values = count(), New = countif(At == First), Kept = countif(Kept == 1) by At${dimensions}
    | join kind=leftouter (Seen | summarize Previous = count() by At = At + Window${dimensions}) on At${dimensions}
    | extend Retention = todouble(Kept) / coalesce(Previous, 0)
    | project At${dimensions}, Values, New, Retention, Churn = 1.0 - Retention
    | sort by At asc`,
  names: (args, dimensions) => [
    of(args, 'Time'),
    ...dimensions,
    'dcount_values',
    'dcount_newvalues',
    'retention_rate',
    'churn_rate',
  ],
});

/** Rows, distinct values, new ones, and all so far, in each window. */
const activityCountsMetrics = inKql({
  name: 'activity_counts_metrics',
  parameters: [column('Id'), column('Time'), constant('Start'), constant('End'), constant('Step')],
  query: (dimensions) => `
    let Seen = T
      | where Time between (Start .. End)
      | extend At = bin_at(Time, Step, Start)
      | summarize Rows = count() by Id, At${dimensions};
    let First = Seen | summarize First = min(At) by Id${dimensions};
    Seen
    | join kind=inner First on Id${dimensions}
    | summarize Rows = sum(Rows), Values = count(), New = countif(At == First) by At${dimensions}
    | extend Part = tostring(pack_array(0${dimensions}))
    | sort by Part asc, At asc
    | extend All = row_cumsum(New, Part != prev(Part))
    | project At${dimensions}, Rows, Values, New, All
    | sort by At asc`,
  names: (args, dimensions) => [
    of(args, 'Time'),
    ...dimensions,
    'count',
    'dcount',
    'new_dcount',
    'aggregated_dcount',
  ],
});

/** Rows and distinct values in the windows that end at each bin. */
const slidingWindowCounts = inKql({
  name: 'sliding_window_counts',
  parameters: [
    column('Id'),
    column('Time'),
    constant('Start'),
    constant('End'),
    constant('Lookback'),
    constant('Bin'),
  ],
  query: (dimensions) => `
    T
    | where Time > Start - Lookback and Time <= End
    | extend First = bin_at(Time, Bin, Start)
    | mv-expand Ahead = range(0, tolong(Lookback / Bin) - 1) to typeof(long)
    | extend At = First + Ahead * Bin
    | where At between (Start .. End)
    | summarize Rows = count(), Values = dcount(Id) by At${dimensions}
    | project At${dimensions}, Rows, Values
    | sort by At asc`,
  names: (args, dimensions) => [of(args, 'Time'), ...dimensions, 'Count', 'Dcount'],
});

export const analyticsPlugins: readonly Plugin[] = [
  rollingPercentile,
  activeUsersCount,
  activityMetrics,
  activityCountsMetrics,
  slidingWindowCounts,
  ...funnelPlugins,
];
