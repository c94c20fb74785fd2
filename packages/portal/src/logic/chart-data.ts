import type { Answer, Rendering } from './answer.js';
import { categoriesMax, seriesMax, slicesMax } from './limits.js';
import type { ResultColumn, Row, Zone } from './values.js';
import { formatCell, instantOf, isNumeric, numberOf, timespanSeconds } from './values.js';

/** One line, area or set of bars: a value or a gap for every x. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** What is drawn, without a word about pixels. */
export type ChartModel =
  | {
      readonly shape: 'xy';
      readonly style: 'line' | 'area' | 'points' | 'columns';
      readonly stacked: false | 'stacked' | 'stacked100';
      /** Time in seconds since 1970, a number, or the position in `categories`. */
      readonly xKind: 'time' | 'number' | 'category';
      readonly x: readonly number[];
      readonly categories: readonly string[];
      readonly series: readonly Series[];
      readonly seriesLeftOut: number;
      readonly xName: string;
      readonly yName: string;
    }
  | {
      readonly shape: 'bars';
      readonly stacked: boolean;
      readonly categories: readonly string[];
      readonly series: readonly Series[];
      readonly categoriesLeftOut: number;
      readonly valueMax: number;
    }
  | {
      readonly shape: 'pie';
      readonly slices: readonly { readonly name: string; readonly value: number }[];
      readonly total: number;
      readonly valueName: string;
    }
  | {
      readonly shape: 'card';
      readonly values: readonly { readonly name: string; readonly text: string }[];
    };

/** Why nothing can be drawn, in words for the user. */
export interface NoChart {
  readonly shape: 'none';
  readonly reason: string;
}

/** The visualizations that are drawn; `table` is the grid itself. */
export const chartKinds = [
  'timechart',
  'linechart',
  'areachart',
  'columnchart',
  'barchart',
  'piechart',
  'scatterchart',
  'card',
] as const;
export type ChartKind = (typeof chartKinds)[number];

/** The chart for a `render` name; names that we draw as a near relative are mapped. */
export function chartKindOf(visualization: string | undefined): ChartKind | undefined {
  if (visualization === 'stackedareachart') return 'areachart';
  if (visualization === 'anomalychart') return 'timechart';
  return chartKinds.find((kind) => kind === visualization);
}

/** The kind that suits a result which did not say `render`. */
export function suggestedKind(columns: readonly ResultColumn[]): ChartKind | undefined {
  if (!columns.some((column) => isNumeric(column.type))) return undefined;
  if (columns.some((column) => column.type === 'datetime')) return 'timechart';
  return columns.length === 1 ? 'card' : 'columnchart';
}

interface Roles {
  readonly x: number;
  readonly y: readonly number[];
  readonly split: readonly number[];
}

/**
 * Which column plays which part, as Kusto's tools decide it: the named ones; else x is the first
 * column (of time, for a timechart), y every other number, and text columns split into series.
 */
function rolesOf(
  columns: readonly ResultColumn[],
  kind: ChartKind,
  rendering: Rendering | undefined,
): Roles | NoChart {
  const indexOf = (name: string): number =>
    columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  const named = rendering?.xColumn === undefined ? -1 : indexOf(rendering.xColumn);
  const firstTime = columns.findIndex((column) => column.type === 'datetime');
  const firstText = columns.findIndex((column) => !isNumeric(column.type));
  let x = named;
  if (x < 0 && kind === 'timechart') {
    x = firstTime >= 0 ? firstTime : columns.findIndex((column) => isNumeric(column.type));
  }
  if (x < 0 && (kind === 'columnchart' || kind === 'barchart' || kind === 'piechart'))
    x = columns[0] && isNumeric(columns[0].type) && firstText > 0 ? firstText : 0;
  if (x < 0) x = firstTime >= 0 ? firstTime : 0;
  const series = (rendering?.series ?? []).map(indexOf).filter((at) => at >= 0);
  const wanted = (rendering?.yColumns ?? []).map(indexOf).filter((at) => at >= 0);
  const y =
    wanted.length > 0
      ? wanted
      : columns.flatMap((column, at) =>
          at !== x && !series.includes(at) && isNumeric(column.type) ? [at] : [],
        );
  if (y.length === 0)
    return { shape: 'none', reason: 'A chart needs a column of numbers beside its x axis.' };
  const split =
    series.length > 0
      ? series
      : columns.flatMap((column, at) =>
          at !== x && !y.includes(at) && ['string', 'guid', 'bool'].includes(column.type)
            ? [at]
            : [],
        );
  return { x, y, split };
}

/** Shapes an answer for drawing as `kind`. */
export function chartModel(
  answer: Pick<Answer, 'columns' | 'rows' | 'rendering'>,
  kind: ChartKind,
  zone: Zone,
): ChartModel | NoChart {
  const { columns, rows, rendering } = answer;
  if (rows.length === 0) return { shape: 'none', reason: 'There are no rows to draw.' };
  if (kind === 'card') return cardModel(columns, rows, zone);
  const roles = rolesOf(columns, kind, rendering);
  if ('shape' in roles) return roles;
  if (kind === 'piechart') return pieModel(columns, rows, roles, zone);
  return gridModel(columns, rows, roles, kind, rendering, zone);
}

function cardModel(columns: readonly ResultColumn[], rows: readonly Row[], zone: Zone): ChartModel {
  return {
    shape: 'card',
    values: columns.map((column, at) => {
      const value = rows[0]?.[at];
      const number = isNumeric(column.type) ? numberOf(value) : null;
      return {
        name: column.name,
        text:
          number === null
            ? formatCell(value, column.type, zone) || '–'
            : new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 }).format(number),
      };
    }),
  };
}

function pieModel(
  columns: readonly ResultColumn[],
  rows: readonly Row[],
  roles: Roles,
  zone: Zone,
): ChartModel | NoChart {
  const y = roles.y[0] ?? 0;
  const totals = new Map<string, number>();
  for (const row of rows) {
    const value = numberOf(row[y]);
    if (value === null || !(value > 0) || !Number.isFinite(value)) continue;
    const name = formatCell(row[roles.x], columns[roles.x]?.type ?? '', zone) || '(empty)';
    totals.set(name, (totals.get(name) ?? 0) + value);
  }
  const sorted = [...totals].sort(([, a], [, b]) => b - a);
  if (sorted.length === 0)
    return { shape: 'none', reason: 'A pie needs numbers greater than zero.' };
  const shown = sorted.length > slicesMax ? sorted.slice(0, slicesMax - 1) : sorted;
  const rest = sorted.slice(shown.length);
  const slices = shown.map(([name, value]) => ({ name, value }));
  if (rest.length > 0)
    slices.push({
      name: `Other (${rest.length})`,
      value: rest.reduce((sum, [, value]) => sum + value, 0),
    });
  return {
    shape: 'pie',
    slices,
    total: sorted.reduce((sum, [, value]) => sum + value, 0),
    valueName: columns[y]?.name ?? '',
  };
}

function gridModel(
  columns: readonly ResultColumn[],
  rows: readonly Row[],
  roles: Roles,
  kind: ChartKind,
  rendering: Rendering | undefined,
  zone: Zone,
): ChartModel | NoChart {
  const xType = columns[roles.x]?.type ?? 'string';
  const xKind =
    kind === 'barchart'
      ? 'category'
      : xType === 'datetime'
        ? 'time'
        : kind !== 'columnchart' && (isNumeric(xType) || xType === 'timespan')
          ? 'number'
          : 'category';

  const categories: string[] = [];
  const categoryAt = new Map<string, number>();
  const xOf = (row: Row): number | null => {
    const value = row[roles.x];
    if (xKind === 'time') {
      const ms = instantOf(value);
      return ms === null ? null : ms / 1000;
    }
    if (xKind === 'number') return xType === 'timespan' ? timespanSeconds(value) : numberOf(value);
    const name = formatCell(value, xType, zone) || '(empty)';
    let at = categoryAt.get(name);
    if (at === undefined) {
      at = categories.length;
      categories.push(name);
      categoryAt.set(name, at);
    }
    return at;
  };

  const points = new Map<string, Map<number, number>>();
  const xs = new Set<number>();
  for (const row of rows) {
    const x = xOf(row);
    if (x === null || !Number.isFinite(x)) continue;
    xs.add(x);
    const split = roles.split
      .map((at) => formatCell(row[at], columns[at]?.type ?? '', zone) || '(empty)')
      .join(', ');
    for (const at of roles.y) {
      const yName = columns[at]?.name ?? '';
      const name = split === '' ? yName : roles.y.length > 1 ? `${yName}: ${split}` : split;
      const value = numberOf(row[at]);
      if (value === null || !Number.isFinite(value)) continue;
      let series = points.get(name);
      if (!series) points.set(name, (series = new Map()));
      series.set(x, kind === 'scatterchart' ? value : (series.get(x) ?? 0) + value);
    }
  }
  if (points.size === 0) return { shape: 'none', reason: 'There are no numbers to draw.' };

  const sizeOf = (values: Map<number, number>): number =>
    [...values.values()].reduce((sum, value) => sum + Math.abs(value), 0);
  const bySize = [...points].sort(([, a], [, b]) => sizeOf(b) - sizeOf(a));
  const kept = bySize.slice(0, seriesMax);
  const seriesLeftOut = bySize.length - kept.length;
  const yName =
    rendering?.yTitle ?? (roles.y.length === 1 ? (columns[roles.y[0] ?? 0]?.name ?? '') : '');
  const stackKind = rendering?.kind;

  if (kind === 'barchart') {
    const shown = Math.min(categories.length, categoriesMax);
    const series = kept.map(([name, values]) => ({
      name,
      values: Array.from({ length: shown }, (_, at) => values.get(at) ?? null),
    }));
    const stacked = stackKind !== 'unstacked' && series.length > 1;
    const totals = Array.from({ length: shown }, (_, at) => {
      const parts = series.map((one) => Math.max(0, one.values[at] ?? 0));
      return stacked ? parts.reduce((sum, part) => sum + part, 0) : Math.max(...parts);
    });
    return {
      shape: 'bars',
      stacked,
      categories: categories.slice(0, shown),
      series,
      categoriesLeftOut: categories.length - shown,
      valueMax: Math.max(...totals, 0),
    };
  }

  // Categories keep the order of the rows; times and numbers ascend.
  const x =
    xKind === 'category'
      ? [...xs].slice(0, categoriesMax)
      : Float64Array.from(xs)
          .sort()
          .reduce<number[]>((list, one) => (list.push(one), list), []);
  const style =
    kind === 'areachart'
      ? 'area'
      : kind === 'columnchart'
        ? 'columns'
        : kind === 'scatterchart'
          ? 'points'
          : 'line';
  const stacks = (style === 'area' || style === 'columns') && kept.length > 1;
  return {
    shape: 'xy',
    style,
    stacked:
      !stacks || stackKind === 'unstacked'
        ? false
        : stackKind === 'stacked100'
          ? stackKind
          : 'stacked',
    xKind,
    x,
    categories,
    series: kept.map(([name, values]) => ({
      name,
      values: x.map((at) => values.get(at) ?? (stacks ? 0 : null)),
    })),
    seriesLeftOut,
    xName: rendering?.xTitle ?? columns[roles.x]?.name ?? '',
    yName,
  };
}

/** Series laid on one another: each value is the sum up to and with its series. */
export function stackedValues(
  series: readonly Series[],
  whole: boolean,
): readonly (readonly number[])[] {
  const length = series[0]?.values.length ?? 0;
  const totals = Array.from({ length }, (_, at) =>
    series.reduce((sum, one) => sum + (one.values[at] ?? 0), 0),
  );
  const running = Array.from({ length }, () => 0);
  return series.map((one) =>
    one.values.map((value, at) => {
      running[at] = (running[at] ?? 0) + (value ?? 0);
      const total = totals[at] ?? 0;
      return whole ? (total === 0 ? 0 : ((running[at] ?? 0) / total) * 100) : (running[at] ?? 0);
    }),
  );
}
