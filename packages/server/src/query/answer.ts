import { utf8 } from '@strongroom/base';
import type { ErrorDetail } from '@strongroom/api';
import type { CompiledQuery, Visualization } from '@strongroom/kql';
import type { QueryRun } from '../workspaces/workspace.js';
import type { Spent } from './answer-text.js';
import { RowEncoder } from './encode-rows.js';
import { engineRefusal } from './failures.js';
import type { QueryLimits } from './limits.js';
import type { Preferences } from './preferences.js';

/** A query's answer while it is made. */
export interface Answer {
  /** Chunks of the whole body. */
  readonly body: AsyncGenerator<Uint8Array>;
  /** From now on a failure becomes the answer's `error`: its status is out. */
  commit(): void;
  readonly rows: number;
  readonly bytesRead: number;
}

/**
 * Encodes results in the Query API's shape while the engine makes them. Results run one after the
 * other; the limit of bytes counts over all of them. A result over a limit ends there, and the
 * answer says so in `error`, beside what it has (a partial result, as Azure gives it).
 */
export function encodeAnswer(options: {
  readonly results: readonly CompiledQuery[];
  readonly run: (result: CompiledQuery) => QueryRun;
  readonly limits: QueryLimits;
  readonly preferences: Preferences;
  readonly elapsedMs: () => number;
  /** What the query has cost before: the statistics count it in. */
  readonly spent: Spent;
}): Answer {
  const { results, run, limits, preferences, elapsedMs, spent } = options;
  let committed = false;
  let rows = 0;
  let { bytesRead, rowsRead, memoryBytes } = spent;
  let bytesLeft = limits.resultBytesMax;

  async function* body(): AsyncGenerator<Uint8Array> {
    const problems: ErrorDetail[] = [];
    const sizes: { tableRowCount: number; tableSize: number }[] = [];
    yield utf8('{"tables":[');
    for (const [at, result] of results.entries()) {
      const head = JSON.stringify({
        name: result.name,
        columns: result.columns.map(({ name, type }) => ({ name, type })),
      });
      yield utf8(`${at === 0 ? '' : ','}${head.slice(0, -1)},"rows":[`);
      const rowsMax = Math.min(result.rowsMax ?? limits.rowsMax, limits.rowsMax);
      const bytesMax = Math.min(result.bytesMax ?? bytesLeft, bytesLeft);
      const encoder = new RowEncoder({ rowsMax, bytesMax });
      const before = bytesLeft;
      if (problems.length === 0) {
        const rowsOf = run(result);
        try {
          for await (const chunk of rowsOf) {
            const encoded = encoder.push(chunk);
            if (encoded !== undefined) yield encoded;
            if (encoder.cut !== undefined) break;
          }
          const rest = encoder.end();
          if (rest !== undefined) yield rest;
          if (encoder.cut !== undefined)
            problems.push(tooLarge(encoder.cut, { rowsMax, bytesMax }));
        } catch (error) {
          const refusal = engineRefusal(error, preferences.timeoutSeconds);
          if (!committed || refusal === undefined) throw error;
          problems.push(refusal.detail);
        }
        const { statistics } = rowsOf;
        bytesRead += statistics?.bytesRead ?? 0;
        rowsRead += statistics?.rowsRead ?? 0;
        memoryBytes = Math.max(memoryBytes, statistics?.memoryBytes ?? 0);
      }
      bytesLeft -= bytesMax - encoder.bytesLeft;
      rows += encoder.rows;
      sizes.push({ tableRowCount: encoder.rows, tableSize: before - bytesLeft });
      yield utf8(']}');
    }
    let tail = ']';
    if (preferences.statistics) {
      const statistics = {
        query: {
          executionTime: elapsedMs() / 1000,
          resourceUsage: { memory: { peakPerNode: memoryBytes } },
          inputDatasetStatistics: { rows: { scanned: rowsRead }, bytes: { scanned: bytesRead } },
          datasetStatistics: sizes,
        },
      };
      tail += `,"statistics":${JSON.stringify(statistics)}`;
    }
    if (preferences.render) {
      const { visualization } = results.findLast(({ visualization: v }) => v !== undefined) ?? {};
      tail += `,"render":${JSON.stringify(renderOf(visualization))}`;
    }
    if (problems.length > 0) tail += `,"error":${JSON.stringify(partialError(problems))}`;
    yield utf8(`${tail}}`);
  }

  return {
    body: body(),
    commit: () => {
      committed = true;
    },
    get rows() {
      return rows;
    },
    get bytesRead() {
      return bytesRead;
    },
  };
}

/** Azure's words for a result over a limit. */
function tooLarge(
  cut: 'rows' | 'bytes',
  limits: { readonly rowsMax: number; readonly bytesMax: number },
): ErrorDetail {
  const limit = cut === 'rows' ? `${limits.rowsMax} records` : `${limits.bytesMax} bytes`;
  return {
    code: '-2133196797',
    message: `The results of this query exceed the set limit of ${limit}, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). See https://aka.ms/kustoquerylimits for more information and possible solutions.`,
  };
}

const partialError = (problems: readonly ErrorDetail[]): ErrorDetail => ({
  code: 'PartialError',
  message: 'There were some errors when processing your query.',
  details: problems.map((innererror) => ({
    code: 'EngineError',
    message: 'Something went wrong processing your query on the server.',
    innererror,
  })),
});

/** KQL's property names → the answer's. */
const renderNames: Readonly<Record<string, string>> = {
  title: 'title',
  kind: 'kind',
  accumulate: 'accumulate',
  xcolumn: 'xColumn',
  ycolumns: 'yColumns',
  series: 'series',
  xtitle: 'xTitle',
  ytitle: 'yTitle',
  xaxis: 'xAxis',
  yaxis: 'yAxis',
  legend: 'legend',
  ysplit: 'ySplit',
  ymin: 'yMin',
  ymax: 'yMax',
  anomalycolumns: 'anomalyColumns',
};

function renderOf(visualization: Visualization | undefined): Record<string, unknown> {
  const render: Record<string, unknown> = { visualization: visualization?.visualization ?? null };
  for (const name of Object.values(renderNames)) render[name] = null;
  render['accumulate'] = false;
  render['isQuerySorted'] = false;
  for (const [name, value] of Object.entries(visualization?.properties ?? {})) {
    const known = renderNames[name.toLowerCase()];
    if (known === undefined) continue;
    render[known] = known === 'accumulate' ? value.toLowerCase() === 'true' : value;
  }
  return render;
}
