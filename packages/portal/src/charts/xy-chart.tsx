import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { ChartModel } from '../logic/chart-data.js';
import { axisTimes } from '../logic/axis-labels.js';
import { stackedValues } from '../logic/chart-data.js';
import { colouredSeriesMax } from '../logic/limits.js';
import type { Zone } from '../logic/values.js';
import { formatDatetime } from '../logic/values.js';
import type { ChartColours } from './colours.js';
import { chartColours, withAlpha } from './colours.js';

type XyModel = Extract<ChartModel, { shape: 'xy' }>;

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 });
const precise = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 });

/** Most lines of the tooltip; the largest values win. */
const tooltipLinesMax = 12;

export interface XyOptions {
  readonly logarithmic: boolean;
  readonly legendHidden: boolean;
  readonly yMin: number | undefined;
  readonly yMax: number | undefined;
}

/** Bars side by side: one series' share of each step, in data fractions of the plot's width. */
function groupedBars(model: XyModel, index: number, count: number) {
  const path = uPlot.paths.bars?.({ size: [0.7, 110], radius: 0.06 });
  if (count === 1 || model.stacked || !uPlot.paths.bars) return path;
  const stepOf = (u: uPlot): number => {
    const { min = 0, max = 1 } = u.scales['x'] ?? {};
    const gaps = model.x.slice(1).map((x, at) => x - (model.x[at] ?? x));
    const step = model.xKind === 'category' ? 1 : Math.min(...gaps, Infinity);
    return Number.isFinite(step) ? step / ((max ?? 1) - (min ?? 0)) : 0.1;
  };
  return uPlot.paths.bars({
    disp: {
      x0: {
        unit: 2,
        values: (u) => {
          const { min = 0, max = 1 } = u.scales['x'] ?? {};
          const low = min ?? 0;
          const step = stepOf(u) * 0.8;
          return model.x.map(
            (x) => (x - low) / ((max ?? 1) - low) - step / 2 + (step / count) * index,
          );
        },
      },
      size: { unit: 2, values: (u) => model.x.map(() => ((stepOf(u) * 0.8) / count) * 0.92) },
    },
  });
}

/** Lines, areas, points or columns over time, numbers or names. */
export function XyChart(props: {
  readonly model: XyModel;
  readonly zone: Zone;
  readonly dark: boolean;
  readonly options: XyOptions;
}) {
  const { model, zone, dark, options } = props;
  const frame = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const tooltip = useRef<HTMLDivElement>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [colours, setColours] = useState<ChartColours>();

  useEffect(() => {
    // One frame later the theme's attribute is on the page.
    const request = requestAnimationFrame(() => {
      if (frame.current) setColours(chartColours(frame.current));
    });
    return () => cancelAnimationFrame(request);
  }, [dark]);

  const shown = useMemo(
    () => model.series.filter((series) => !hidden.has(series.name)),
    [model, hidden],
  );

  useEffect(() => {
    const host = place.current;
    if (!host || !colours) return;
    const colourOf = (name: string): string => {
      const at = model.series.findIndex((series) => series.name === name);
      return at < colouredSeriesMax ? (colours.series[at] ?? colours.other) : colours.other;
    };
    const values = model.stacked
      ? stackedValues(shown, model.stacked === 'stacked100')
      : shown.map((series) => series.values);
    // Columns cover one another, so the tallest sum is drawn first.
    const drawn = shown.map((series, at) => ({ series, values: values[at] ?? [] }));
    if (model.stacked) drawn.reverse();

    const font = "11px 'Inter Variable', system-ui, sans-serif";
    const axis = {
      stroke: colours.axis,
      font,
      grid: { stroke: colours.rule, width: 1 },
      ticks: { show: false },
    };
    const xAxis: uPlot.Axis =
      model.xKind === 'category'
        ? {
            ...axis,
            grid: { show: false },
            size: 30,
            splits: () => {
              const every = Math.ceil(model.categories.length / Math.max(2, host.clientWidth / 90));
              return model.x.filter((_, at) => at % every === 0);
            },
            values: (_, splits) =>
              splits.map((at) => {
                const name = model.categories[at] ?? '';
                return name.length > 14 ? `${name.slice(0, 13)}…` : name;
              }),
          }
        : {
            ...axis,
            grid: { show: false },
            size: 30,
            ...(model.xKind === 'time'
              ? {
                  values: (
                    _u: uPlot,
                    splits: number[],
                    _axis: number,
                    _space: number,
                    step: number,
                  ) => [...axisTimes(splits, step, zone)],
                }
              : {}),
          };
    const last = model.x.length - 1;
    const steps = model.x.length > 1 ? ((model.x[last] ?? 0) - (model.x[0] ?? 0)) / last : 1;
    const chart = new uPlot(
      {
        width: Math.max(120, host.clientWidth),
        height: Math.max(80, host.clientHeight),
        legend: { show: false },
        padding: [12, 16, 0, 4],
        tzDate: (seconds) =>
          zone === 'utc'
            ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC')
            : new Date(seconds * 1000),
        cursor: {
          y: false,
          points: { size: 8, width: 2, fill: colours.surface },
          drag: { x: true, y: false, setScale: true },
        },
        scales: {
          x: {
            time: model.xKind === 'time',
            ...(model.style === 'columns'
              ? {
                  range: (_u, min, max) => {
                    const edge = model.xKind === 'category' ? 0.5 : steps / 2;
                    return [(min ?? 0) - edge, (max ?? 0) + edge];
                  },
                }
              : {}),
          },
          y: {
            ...(options.logarithmic ? { distr: 3 as const } : {}),
            range: (_u, min, max) => {
              if (options.logarithmic) return [Math.max(min ?? 1, 1e-9), max ?? 10];
              const low = options.yMin ?? (model.style === 'points' ? min : Math.min(0, min ?? 0));
              const high = options.yMax ?? max ?? 1;
              const room = options.yMax === undefined ? (high - (low ?? 0)) * 0.06 || 1 : 0;
              return [low ?? 0, high + room];
            },
          },
        },
        axes: [
          xAxis,
          {
            ...axis,
            size: (_u, labels) =>
              20 + 6.4 * Math.max(2, ...(labels ?? []).map((label) => label.length)),
            values: (_u, splits) =>
              splits.map((value) => (value === null ? '' : compact.format(value))),
          },
        ],
        // Each area is filled down to the one below it, not through it.
        bands:
          model.style === 'area' && model.stacked
            ? drawn.slice(1).map((_, at) => ({ series: [at + 1, at + 2] as [number, number] }))
            : [],
        series: [
          {},
          ...drawn.map(({ series }): uPlot.Series => {
            const colour = colourOf(series.name);
            const at = shown.indexOf(series);
            switch (model.style) {
              case 'points':
                return {
                  label: series.name,
                  paths: () => null,
                  points: {
                    show: true,
                    size: 6,
                    stroke: colour,
                    fill: withAlpha(colour, 0.55),
                    width: 1,
                  },
                };
              case 'columns': {
                const paths = groupedBars(model, at, shown.length);
                return {
                  label: series.name,
                  stroke: colours.surface,
                  width: model.stacked ? 1 : 0,
                  fill: colour,
                  points: { show: false },
                  ...(paths ? { paths } : {}),
                };
              }
              case 'area':
                return {
                  label: series.name,
                  stroke: colour,
                  width: 1.5,
                  fill: withAlpha(colour, model.stacked ? 0.45 : 0.18),
                  points: { show: false },
                };
              case 'line':
                return {
                  label: series.name,
                  stroke: colour,
                  width: 1.75,
                  spanGaps: true,
                  points: { show: model.x.length <= 2, size: 6, fill: colour },
                };
            }
          }),
        ],
        hooks: { setCursor: [(u) => showTooltip(u)] },
      },
      [model.x as number[], ...drawn.map((one) => one.values as (number | null)[])],
      host,
    );

    const showTooltip = (u: uPlot): void => {
      const box = tooltip.current;
      if (!box) return;
      const at = u.cursor.idx;
      const left = u.cursor.left ?? -1;
      if (at === null || at === undefined || left < 0) {
        box.hidden = true;
        return;
      }
      const x = model.x[at] ?? 0;
      const head = document.createElement('strong');
      head.textContent =
        model.xKind === 'time'
          ? formatDatetime(new Date(x * 1000).toISOString(), zone).replace(/\.000$/, '')
          : model.xKind === 'category'
            ? (model.categories[x] ?? '')
            : `${model.xName}: ${precise.format(x)}`;
      const lines = shown
        .map((series) => ({ name: series.name, value: series.values[at] ?? null }))
        .filter((line): line is { name: string; value: number } => line.value !== null)
        .sort((a, b) => b.value - a.value)
        .slice(0, tooltipLinesMax)
        .map((line) => {
          const row = document.createElement('div');
          const swatch = document.createElement('i');
          swatch.style.background = colourOf(line.name);
          const name = document.createElement('span');
          name.textContent = line.name;
          const value = document.createElement('b');
          value.textContent = precise.format(line.value);
          row.append(swatch, name, value);
          return row;
        });
      box.replaceChildren(head, ...lines);
      box.hidden = lines.length === 0;
      const plotLeft = u.over.offsetLeft;
      const width = box.offsetWidth;
      const wanted = plotLeft + left + 14;
      const flipped = wanted + width > host.clientWidth;
      box.style.transform = `translate(${Math.max(0, flipped ? plotLeft + left - width - 14 : wanted)}px, ${u.over.offsetTop + 6}px)`;
    };

    const observer = new ResizeObserver(() => {
      const width = Math.max(120, host.clientWidth);
      const height = Math.max(80, host.clientHeight);
      if (width !== chart.width || height !== chart.height) chart.setSize({ width, height });
    });
    observer.observe(host);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [model, shown, colours, zone, options]);

  const toggle = (name: string): void => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  const legend = model.series.length > 1 && !options.legendHidden;
  return (
    <div className="xy-chart" ref={frame}>
      {model.yName !== '' && <div className="chart-y-name">{model.yName}</div>}
      <div className="xy-plot">
        <div className="xy-place" ref={place} />
        <div className="chart-tooltip" ref={tooltip} hidden />
      </div>
      {legend && (
        <div className="chart-legend" role="group" aria-label="Series">
          {model.series.map((series, at) => (
            <button
              key={series.name}
              type="button"
              aria-pressed={!hidden.has(series.name)}
              onClick={() => toggle(series.name)}
            >
              <i
                style={{
                  background: `var(--series-${at < colouredSeriesMax ? at + 1 : 'other'})`,
                }}
              />
              {series.name}
            </button>
          ))}
          {model.seriesLeftOut > 0 && (
            <span>
              {model.seriesLeftOut} smaller series {model.seriesLeftOut === 1 ? 'is' : 'are'} not
              drawn
            </span>
          )}
        </div>
      )}
    </div>
  );
}
