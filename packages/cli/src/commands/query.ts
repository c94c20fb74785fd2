import type { Command } from 'commander';
import { fromUtf8 } from '@strongroom/base';
import type { Context } from '../context.js';
import { optionsOf, wholeNumber, withClient } from '../context.js';
import { findWorkspace } from '../client.js';
import type { Client } from '../client.js';
import { readJson } from '../connection.js';
import { cliError } from '../errors.js';
import { parseExactJson, printExactJson } from '../exact-json.js';
import { formatCell, formatCsvLine, formatRows } from '../terminal.js';

interface QueryAnswer {
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
    readonly rows: readonly (readonly unknown[])[];
  }[];
  readonly statistics?: { readonly query?: { readonly executionTime?: number } };
  readonly error?: { readonly message: string };
}

/** Longest query that is read from standard input. */
const queryBytesMax = 4 * 1024 * 1024;

/** `strongroom query` and `strongroom tail` */
export function addQueryCommands(program: Command, context: Context): void {
  program
    .command('query')
    .argument('[kql]', 'the query; read from standard input where it is absent or -')
    .option('--timespan <span>', 'PT1H, P7D, or start/end in ISO 8601', 'P1D')
    .option('--csv', 'as CSV (RFC 4180)')
    .option('--timeout <seconds>', 'at most 600', wholeNumber(1, 600), 180)
    .description('asks in KQL')
    .addHelpText(
      'after',
      `
Examples:
  strongroom query 'Heartbeat | summarize max(TimeGenerated) by Computer'
  strongroom query --timespan PT10M 'Perf | where CounterName == "% Processor Time" | take 5'
  strongroom query --csv < report.kql > report.csv`,
    )
    .action(
      async (
        text: string | undefined,
        own: { timespan: string; csv?: boolean; timeout: number },
        command: Command,
      ) => {
        const options = optionsOf(command);
        const kql = text === undefined || text === '-' ? await readInput(context) : text;
        await withClient(context, options, async (client) => {
          const { workspaceId } = await findWorkspace(client, options.workspace);
          const answer = await ask(client, workspaceId, {
            query: kql,
            timespan: own.timespan,
            timeoutSeconds: own.timeout,
          });
          await show(
            context,
            answer,
            own.csv === true ? 'csv' : options.json === true ? 'json' : 'table',
          );
        });
      },
    );

  program
    .command('tail')
    .argument('[table]', 'a table or the beginning of a query', 'union withsource=Table *')
    .option('--since <span>', 'begin so far back', 'PT1M')
    .description('shows rows as they arrive, until Ctrl-C')
    .action(async (table: string, own: { since: string }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        await tail(context, client, {
          workspaceId,
          table,
          since: own.since,
          json: options.json === true,
        });
      });
    });
}

async function readInput(context: Context): Promise<string> {
  if (context.terminal.inputIsTerminal) {
    context.terminal.note('Reading the query from the terminal; end it with Ctrl-D.\n');
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.terminal.input) {
    size += chunk.length;
    if (size > queryBytesMax) throw cliError('CLI_USAGE', 'The query is longer than 4 MiB.');
    chunks.push(chunk);
  }
  const text = fromUtf8(Buffer.concat(chunks)).trim();
  if (text === '') throw cliError('CLI_USAGE', 'There is no query.');
  return text;
}

async function ask(
  client: Client,
  workspaceId: string,
  question: { query: string; timespan?: string; timeoutSeconds: number },
): Promise<QueryAnswer> {
  const response = await client.exchange({
    method: 'POST',
    path: `/v1/workspaces/${workspaceId}/query`,
    headers: {
      'content-type': 'application/json',
      prefer: `wait=${question.timeoutSeconds},include-statistics=true`,
    },
    body: JSON.stringify({
      query: question.query,
      ...(question.timespan === undefined ? {} : { timespan: question.timespan }),
    }),
    timeoutMs: (question.timeoutSeconds + 15) * 1000,
  });
  return readJson(response, parseExactJson) as QueryAnswer;
}

async function show(
  context: Context,
  answer: QueryAnswer,
  form: 'table' | 'json' | 'csv',
): Promise<void> {
  const { terminal } = context;
  if (form === 'json') {
    const tables = answer.tables.map(({ name, columns, rows }) => ({
      name,
      columns,
      rows: rows.map((row) =>
        Object.fromEntries(columns.map((column, index) => [column.name, row[index]])),
      ),
    }));
    // One result is what nearly every query has: its rows alone, so that `| jq '.[]'` works.
    const value = tables.length === 1 ? tables[0]?.rows : tables;
    await terminal.out(`${printExactJson(value, 2)}\n`);
  } else {
    for (const { columns, rows } of answer.tables) {
      const names = columns.map(({ name }) => name);
      await terminal.out(
        form === 'csv'
          ? formatCsvLine(names) + rows.map(formatCsvLine).join('')
          : formatRows(names, rows, terminal.columns),
      );
      if (form === 'table') {
        const seconds = answer.statistics?.query?.executionTime;
        const time = seconds === undefined ? '' : ` in ${seconds.toFixed(3)} s`;
        terminal.note(`${rows.length} row${rows.length === 1 ? '' : 's'}${time}\n`);
      }
    }
  }
  if (answer.error !== undefined) {
    throw cliError('CLI_FAILED', `The result is not complete: ${answer.error.message}`);
  }
}

/** How often `tail` asks. */
const tailIntervalMs = 1_000;

async function tail(
  context: Context,
  client: Client,
  options: { workspaceId: string; table: string; since: string; json: boolean },
): Promise<void> {
  let after: string | undefined;
  let printed: string | undefined;
  while (!context.signal.aborted) {
    const received =
      after === undefined
        ? `ingestion_time() > now() - totimespan(${JSON.stringify(kqlSpan(options.since))})`
        : `ingestion_time() > datetime(${after})`;
    const answer = await ask(client, options.workspaceId, {
      query: `${options.table} | where ${received} | extend _received = ingestion_time() | sort by _received asc`,
      timeoutSeconds: 30,
    });
    const [result] = answer.tables;
    if (result !== undefined) {
      const at = result.columns.findIndex(({ name }) => name === '_received');
      for (const row of result.rows) {
        const header = result.columns.filter((_, index) => index !== at).map(({ name }) => name);
        const values = row.filter((_, index) => index !== at);
        if (options.json) {
          const record = Object.fromEntries(header.map((name, index) => [name, values[index]]));
          await context.terminal.out(`${printExactJson(record)}\n`);
        } else {
          const names = header.join(' ');
          if (names !== printed) context.terminal.note(`# ${header.join('  ')}\n`);
          printed = names;
          const cells = values.map(formatCell).filter((cell) => cell !== '');
          await context.terminal.out(`${cells.join('  ')}\n`);
        }
        const received = row[at];
        if (typeof received === 'string') after = received;
      }
    }
    try {
      await context.clock.sleep(tailIntervalMs, context.signal);
    } catch {
      return;
    }
  }
}

/** `PT1M` → `00:01:00`, for days, hours, minutes and seconds. */
function kqlSpan(text: string): string {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  if (match === null) throw cliError('CLI_USAGE', `${text} is not a duration such as PT10M.`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((n) => Number(n ?? 0));
  const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  const two = (value: number): string => String(value).padStart(2, '0');
  return (
    `${Math.floor(total / 86_400)}.${two(Math.floor(total / 3_600) % 24)}:` +
    `${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`
  );
}
