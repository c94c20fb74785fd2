import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatCount } from '../logic/answer.js';
import type { TimeHistogram as Histogram } from '../logic/histogram.js';
import { axisTimes } from '../logic/axis-labels.js';
import { stepLabel } from '../logic/histogram.js';
import type { Zone } from '../logic/values.js';
import { formatDatetime } from '../logic/values.js';
import { chartColours, withAlpha } from './colours.js';

/** The rows over time. Dragging over bars asks for that range. */
export function TimeHistogram(props: {
  readonly histogram: Histogram;
  readonly zone: Zone;
  readonly dark: boolean;
  readonly onRange: (fromMs: number, toMs: number) => void;
}) {
  const { histogram, zone, dark, onRange } = props;
  const place = useRef<HTMLDivElement>(null);
  const chosen = useRef(onRange);
  const [hovered, setHovered] = useState<number>();
  useEffect(() => {
    chosen.current = onRange;
  });

  useEffect(() => {
    const host = place.current;
    if (!host) return;
    let chart: uPlot | undefined;
    const { startMs, stepMs, counts } = histogram;
    const draw = (): void => {
      const colours = chartColours(host);
      const bars = uPlot.paths.bars?.({ size: [0.86, 40], align: 1 });
      const colour = colours.series[0] ?? colours.axis;
      const axis = {
        stroke: colours.axis,
        font: "10.5px 'Inter Variable', system-ui, sans-serif",
        ticks: { show: false },
      };
      chart = new uPlot(
        {
          width: Math.max(120, host.clientWidth),
          height: host.clientHeight,
          legend: { show: false },
          padding: [6, 28, 0, 0],
          tzDate: (seconds) =>
            zone === 'utc'
              ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC')
              : new Date(seconds * 1000),
          cursor: {
            y: false,
            points: { show: false },
            drag: { x: true, y: false, setScale: false },
          },
          scales: {
            x: {
              time: true,
              range: () => [startMs / 1000, (startMs + stepMs * counts.length) / 1000],
            },
            y: { range: (_u, _min, max) => [0, (max ?? 1) * 1.08] },
          },
          axes: [
            {
              ...axis,
              grid: { show: false },
              size: 22,
              gap: 3,
              values: (_u, splits, _axis, _space, step) => [...axisTimes(splits, step, zone)],
            },
            {
              ...axis,
              grid: { stroke: colours.rule, width: 1 },
              size: 44,
              gap: 4,
              splits: (u) => {
                const max = u.scales['y']?.max ?? 1;
                return [0, Math.round(max / 2)];
              },
              values: (_u, splits) =>
                splits.map((value) =>
                  value === 0
                    ? ''
                    : new Intl.NumberFormat('en-US', { notation: 'compact' }).format(value),
                ),
            },
          ],
          series: [
            {},
            {
              fill: withAlpha(colour, 0.75),
              width: 0,
              points: { show: false },
              ...(bars ? { paths: bars } : {}),
            },
          ],
          hooks: {
            setCursor: [
              (u) => {
                const left = u.cursor.left ?? -1;
                if (left < 0) return setHovered(undefined);
                const at = Math.floor((u.posToVal(left, 'x') * 1000 - startMs) / stepMs);
                setHovered(at >= 0 && at < counts.length ? at : undefined);
              },
            ],
            setSelect: [
              (u) => {
                if (u.select.width < 4) return;
                const from = u.posToVal(u.select.left, 'x') * 1000;
                const to = u.posToVal(u.select.left + u.select.width, 'x') * 1000;
                u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
                // Whole bars: half of one is nothing that the user saw.
                chosen.current(
                  startMs + Math.floor((from - startMs) / stepMs) * stepMs,
                  startMs + Math.ceil((to - startMs) / stepMs) * stepMs,
                );
              },
            ],
          },
        },
        [counts.map((_, at) => (startMs + at * stepMs) / 1000), [...counts]],
        host,
      );
    };
    const request = requestAnimationFrame(draw);
    const observer = new ResizeObserver(() => {
      chart?.setSize({ width: Math.max(120, host.clientWidth), height: host.clientHeight });
    });
    observer.observe(host);
    return () => {
      cancelAnimationFrame(request);
      observer.disconnect();
      chart?.destroy();
    };
  }, [histogram, zone, dark]);

  const at = hovered;
  return (
    <div className="histogram">
      <div className="histogram-label">
        {at === undefined ? (
          <>
            Rows by {histogram.column}, {stepLabel(histogram.stepMs)} a bar
            <span className="hint">Drag to narrow the time range</span>
          </>
        ) : (
          <>
            <strong>{formatCount(histogram.counts[at] ?? 0)}</strong> rows from{' '}
            {formatDatetime(
              new Date(histogram.startMs + at * histogram.stepMs).toISOString(),
              zone,
            ).replace(/\.000$/, '')}
          </>
        )}
      </div>
      <div
        className="histogram-place"
        ref={place}
        role="img"
        aria-label={`Time histogram: ${formatCount(
          histogram.counts.reduce((sum, count) => sum + count, 0),
        )} rows in ${histogram.counts.length} bars`}
      />
    </div>
  );
}
