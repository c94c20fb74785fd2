import { lazy, Suspense, useMemo, useState } from 'react';
import { formatBytes, formatCount, formatSeconds } from '../../logic/answer.js';
import type { ChartKind } from '../../logic/chart-data.js';
import { chartKindOf, chartKinds, suggestedKind } from '../../logic/chart-data.js';
import { csvOf, jsonOf } from '../../logic/delimited.js';
import { histogramOf } from '../../logic/histogram.js';
import type { ResultColumn, Sorting, Zone } from '../../logic/values.js';
import { filledColumns, sortedOrder } from '../../logic/values.js';
import { download } from '../../parts/download.js';
import { Icon } from '../../parts/icon.js';
import { Popover } from '../../parts/popover.js';
import { EmptyState } from '../../parts/states.js';
import type { QueryRun } from './query-run.js';
import { ResultGrid } from './result-grid.js';
import { RowDetail } from './row-detail.js';

const ChartView = lazy(async () => ({
  default: (await import('../../charts/index.js')).ChartView,
}));
const TimeHistogram = lazy(async () => ({
  default: (await import('../../charts/index.js')).TimeHistogram,
}));

const kindLabels: Record<ChartKind, string> = {
  timechart: 'Time chart',
  linechart: 'Line chart',
  areachart: 'Area chart',
  columnchart: 'Column chart',
  barchart: 'Bar chart',
  piechart: 'Pie chart',
  scatterchart: 'Scatter chart',
  card: 'Card',
};

interface ResultsProps {
  readonly run: Extract<QueryRun, { kind: 'answered' }>;
  readonly zone: Zone;
  readonly dark: boolean;
  readonly histogramShown: boolean;
  readonly onHistogram: (shown: boolean) => void;
  readonly emptyHidden: boolean;
  readonly onEmptyHidden: (hidden: boolean) => void;
  readonly onZone: (zone: Zone) => void;
  readonly onRange: (fromMs: number, toMs: number) => void;
  readonly onFilter: (column: ResultColumn, value: unknown, keep: boolean) => void;
}

/** The time in a file's name. */
const stamp = (): string => new Date().toISOString().slice(0, 19).replaceAll(':', '');

/** An answered query: its numbers, its rows as a table or a chart, and a row in detail. */
export function Results(props: ResultsProps) {
  const { run, zone, dark, histogramShown, onHistogram, emptyHidden, onZone, onRange, onFilter } =
    props;
  const { answer, elapsedMs } = run;
  const { columns, rows, rendering, partial } = answer;
  const asked = chartKindOf(rendering?.visualization);
  const [view, setView] = useState<'table' | 'chart'>(asked ? 'chart' : 'table');
  const [kind, setKind] = useState<ChartKind | undefined>(asked ?? suggestedKind(columns));
  const [sorting, setSorting] = useState<Sorting>();
  const [opened, setOpened] = useState<number>();

  const order = useMemo(() => sortedOrder(rows, columns, sorting), [rows, columns, sorting]);
  const filled = useMemo(() => filledColumns(columns, rows), [columns, rows]);
  const shown = useMemo(
    () => (emptyHidden ? filled : columns.map((_, at) => at)),
    [emptyHidden, filled, columns],
  );
  const histogram = useMemo(() => histogramOf(columns, rows), [columns, rows]);
  const openedRow = opened === undefined ? undefined : rows[order[opened] ?? -1];

  return (
    <section className="results" aria-label="Query results">
      {partial && (
        <div className="banner warn" role="alert">
          <Icon name="alert" />
          <span>
            <strong>This result is not whole.</strong>{' '}
            {partial.details?.[0]?.innererror?.message ??
              partial.details?.[0]?.message ??
              partial.message}
          </span>
        </div>
      )}
      <div className="results-bar">
        <div className="segmented" role="radiogroup" aria-label="View">
          <button
            type="button"
            role="radio"
            aria-checked={view === 'table'}
            onClick={() => setView('table')}
          >
            <Icon name="table" size={14} /> Table
          </button>
          <button
            type="button"
            role="radio"
            aria-checked={view === 'chart'}
            disabled={kind === undefined || rows.length === 0}
            onClick={() => setView('chart')}
          >
            <Icon name="chart" size={14} /> Chart
          </button>
        </div>
        {view === 'chart' && kind && (
          <select
            className="select small"
            aria-label="Chart type"
            value={kind}
            onChange={(event) =>
              setKind(chartKinds.find((one) => one === event.currentTarget.value) ?? kind)
            }
          >
            {chartKinds.map((one) => (
              <option key={one} value={one}>
                {kindLabels[one]}
              </option>
            ))}
          </select>
        )}
        <p className="stats" role="status">
          <strong>{formatCount(rows.length)}</strong> {rows.length === 1 ? 'row' : 'rows'}
          <span title="Time in the engine; time until it was here">
            {answer.executionSeconds === undefined
              ? formatSeconds(elapsedMs / 1000)
              : `${formatSeconds(answer.executionSeconds)} (${formatSeconds(elapsedMs / 1000)} in all)`}
          </span>
          {answer.bytesRead !== undefined && answer.bytesRead > 0 && (
            <span>{formatBytes(answer.bytesRead)} read</span>
          )}
        </p>
        <div className="results-tools">
          {filled.length < columns.length && view === 'table' && rows.length > 0 && (
            <button
              type="button"
              className="icon-button"
              aria-label="Hide empty columns"
              title={`Hide empty columns (${columns.length - filled.length})`}
              aria-pressed={emptyHidden}
              onClick={() => props.onEmptyHidden(!emptyHidden)}
            >
              <Icon name="columns" />
            </button>
          )}
          {histogram && view === 'table' && (
            <button
              type="button"
              className="icon-button"
              aria-label="Time histogram"
              title="Time histogram"
              aria-pressed={histogramShown}
              onClick={() => onHistogram(!histogramShown)}
            >
              <Icon name="bars" />
            </button>
          )}
          <div className="segmented" role="radiogroup" aria-label="Time zone">
            {(['local', 'utc'] as const).map((one) => (
              <button
                key={one}
                type="button"
                role="radio"
                aria-checked={zone === one}
                onClick={() => onZone(one)}
              >
                {one === 'utc' ? 'UTC' : 'Local'}
              </button>
            ))}
          </div>
          <Popover
            buttonClass="button"
            align="end"
            disabled={rows.length === 0}
            button={
              <>
                <Icon name="download" size={15} /> <span className="wide-only">Export</span>
              </>
            }
            label="Export"
          >
            {(close) => (
              <div className="menu">
                <button
                  type="button"
                  className="menu-item"
                  onClick={() => {
                    download(`strongroom-${stamp()}.csv`, 'text/csv', csvOf(columns, rows));
                    close();
                  }}
                >
                  CSV <small>safe in spreadsheets</small>
                </button>
                <button
                  type="button"
                  className="menu-item"
                  onClick={() => {
                    download(
                      `strongroom-${stamp()}.json`,
                      'application/json',
                      jsonOf(columns, rows),
                    );
                    close();
                  }}
                >
                  JSON <small>values as they are</small>
                </button>
              </div>
            )}
          </Popover>
        </div>
      </div>
      {rows.length === 0 ? (
        <EmptyState icon="search" title="No rows">
          <p>The query ran and found nothing. Try a longer time range or fewer conditions.</p>
        </EmptyState>
      ) : view === 'chart' && kind ? (
        <Suspense fallback={<div className="chart" />}>
          <ChartView answer={answer} kind={kind} zone={zone} dark={dark} />
        </Suspense>
      ) : (
        <div className="results-body">
          <div className="results-main">
            {histogram && histogramShown && (
              <Suspense fallback={<div className="histogram" />}>
                <TimeHistogram histogram={histogram} zone={zone} dark={dark} onRange={onRange} />
              </Suspense>
            )}
            <ResultGrid
              columns={columns}
              shown={shown}
              rows={rows}
              order={order}
              sorting={sorting}
              zone={zone}
              opened={opened}
              onSort={(next) => {
                setSorting(next);
                setOpened(undefined);
              }}
              onOpen={setOpened}
              onFilter={onFilter}
            />
          </div>
          {opened !== undefined && openedRow && (
            <RowDetail
              columns={columns}
              row={openedRow}
              position={opened}
              count={rows.length}
              zone={zone}
              onMove={setOpened}
              onClose={() => setOpened(undefined)}
            />
          )}
        </div>
      )}
    </section>
  );
}
