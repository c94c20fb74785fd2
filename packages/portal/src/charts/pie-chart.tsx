import type { ChartModel } from '../logic/chart-data.js';

type PieModel = Extract<ChartModel, { shape: 'pie' }>;

const amount = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });

const outer = 96;
const inner = 58;

/** The ring's part between two shares of the whole, each 0 to 1, as an SVG path. */
function arc(from: number, to: number): string {
  const end = Math.min(to, from + 0.99999);
  const point = (share: number, radius: number): string => {
    const angle = share * 2 * Math.PI - Math.PI / 2;
    return `${(100 + radius * Math.cos(angle)).toFixed(3)} ${(100 + radius * Math.sin(angle)).toFixed(3)}`;
  };
  const large = end - from > 0.5 ? 1 : 0;
  return `M${point(from, outer)}A${outer} ${outer} 0 ${large} 1 ${point(end, outer)}L${point(end, inner)}A${inner} ${inner} 0 ${large} 0 ${point(from, inner)}Z`;
}

/** A ring of shares with a table of the same numbers. */
export function PieChart({ model }: { readonly model: PieModel }) {
  const ends: number[] = [];
  let sum = 0;
  for (const slice of model.slices) {
    sum += slice.value / model.total;
    ends.push(sum);
  }
  const colour = (at: number): string =>
    model.slices[at]?.name.startsWith('Other (') && at === model.slices.length - 1
      ? 'var(--series-other)'
      : `var(--series-${at + 1})`;
  return (
    <div className="pie-chart">
      <svg viewBox="0 0 200 200" role="img" aria-label={`Shares of ${model.valueName}`}>
        {model.slices.map((slice, at) => (
          <path
            key={slice.name}
            d={arc(ends[at - 1] ?? 0, ends[at] ?? 1)}
            fill={colour(at)}
            stroke="var(--surface)"
            strokeWidth={1.5}
          >
            <title>{`${slice.name}: ${amount.format(slice.value)}`}</title>
          </path>
        ))}
        <text x="100" y="98" textAnchor="middle" className="pie-total">
          {new Intl.NumberFormat('en-US', { notation: 'compact' }).format(model.total)}
        </text>
        <text x="100" y="115" textAnchor="middle" className="pie-name">
          {model.valueName}
        </text>
      </svg>
      <table className="pie-table">
        <tbody>
          {model.slices.map((slice, at) => (
            <tr key={slice.name}>
              <th scope="row">
                <i style={{ background: colour(at) }} />
                {slice.name}
              </th>
              <td>{amount.format(slice.value)}</td>
              <td>{percent.format(slice.value / model.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
