import { useMemo } from 'react';
import type { Answer } from '../logic/answer.js';
import type { ChartKind } from '../logic/chart-data.js';
import { chartModel } from '../logic/chart-data.js';
import type { Zone } from '../logic/values.js';
import { EmptyState } from '../parts/states.js';
import { BarChart } from './bar-chart.js';
import { PieChart } from './pie-chart.js';
import { XyChart } from './xy-chart.js';

/** An answer drawn as the kind of chart that was asked for. */
export function ChartView(props: {
  readonly answer: Answer;
  readonly kind: ChartKind;
  readonly zone: Zone;
  readonly dark: boolean;
}) {
  const { answer, kind, zone, dark } = props;
  const model = useMemo(() => chartModel(answer, kind, zone), [answer, kind, zone]);
  const { rendering } = answer;
  const options = useMemo(
    () => ({
      logarithmic: rendering?.logarithmic ?? false,
      legendHidden: rendering?.legendHidden ?? false,
      yMin: rendering?.yMin,
      yMax: rendering?.yMax,
    }),
    [rendering],
  );
  return (
    <figure className="chart" aria-label={rendering?.title ?? kind}>
      {rendering?.title !== undefined && <figcaption>{rendering.title}</figcaption>}
      {model.shape === 'none' && <EmptyState icon="chart" title={model.reason} />}
      {model.shape === 'xy' && <XyChart model={model} zone={zone} dark={dark} options={options} />}
      {model.shape === 'bars' && <BarChart model={model} />}
      {model.shape === 'pie' && <PieChart model={model} />}
      {model.shape === 'card' && (
        <div className="cards">
          {model.values.map((value) => (
            <div key={value.name} className="card-value">
              <strong>{value.text}</strong>
              <span>{value.name}</span>
            </div>
          ))}
        </div>
      )}
    </figure>
  );
}
