import type { ChartModel } from '../logic/chart-data.js';
import { colouredSeriesMax } from '../logic/limits.js';

type BarsModel = Extract<ChartModel, { shape: 'bars' }>;

const amount = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

function colour(at: number): string {
  return `var(--series-${at < colouredSeriesMax ? at + 1 : 'other'})`;
}

/** Horizontal bars with their names beside them; long lists scroll. */
export function BarChart({ model }: { readonly model: BarsModel }) {
  const share = (value: number): string =>
    `${model.valueMax > 0 ? (Math.max(0, value) / model.valueMax) * 100 : 0}%`;
  return (
    <div className="bar-chart">
      <div className="bar-list" role="list" aria-label="Bars">
        {model.categories.map((category, row) => {
          const values = model.series.map((series) => series.values[row] ?? 0);
          const total = values.reduce((sum, value) => sum + value, 0);
          return (
            <div
              key={category}
              className="bar-row"
              role="listitem"
              aria-label={`${category}: ${values.map((value) => amount.format(value)).join(', ')}`}
            >
              <span className="bar-name" title={category}>
                {category}
              </span>
              <span
                className={`bar-track ${model.stacked ? 'stacked' : model.series.length === 1 ? 'single' : 'grouped'}`}
              >
                {model.series.map((series, at) => (
                  <span
                    key={series.name}
                    className="bar"
                    title={`${series.name}: ${amount.format(values[at] ?? 0)}`}
                    style={{ width: share(values[at] ?? 0), background: colour(at) }}
                  />
                ))}
                {(model.stacked || model.series.length === 1) && (
                  <span className="bar-value">{amount.format(total)}</span>
                )}
              </span>
            </div>
          );
        })}
        {model.categoriesLeftOut > 0 && (
          <p className="quiet-note">{model.categoriesLeftOut} more are not drawn.</p>
        )}
      </div>
      {model.series.length > 1 && (
        <div className="chart-legend">
          {model.series.map((series, at) => (
            <span key={series.name}>
              <i style={{ background: colour(at) }} />
              {series.name}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
