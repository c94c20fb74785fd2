import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Clock, Fs, Random } from '@strongroom/base';
import { openClient } from './client.js';
import type { Client } from './client.js';
import { formatTable } from './terminal.js';
import type { Terminal } from './terminal.js';

/** What every command is handed. */
export interface Context {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: Fs;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Options of the program itself, before the command's own. */
export interface GlobalOptions {
  readonly data?: string;
  readonly url?: string;
  readonly caFile?: string;
  readonly workspace?: string;
  readonly json?: boolean;
}

/** All options of a command: its own and the program's. */
export function optionsOf<Own extends object>(command: Command): Own & GlobalOptions {
  return command.optsWithGlobals<Own & GlobalOptions>();
}

/** Reads an option's whole number; anything else is wrong usage. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

/** Runs `act` with a signed-in client, and closes it. */
export async function withClient<T>(
  context: Context,
  options: GlobalOptions,
  act: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await openClient(
    {
      fs: context.fs,
      environment: context.environment,
      workingDirectory: context.workingDirectory,
      ...(options.data === undefined ? {} : { data: options.data }),
      ...(options.url === undefined ? {} : { url: options.url }),
      ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
    },
    context,
  );
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

/** One result: as JSON with `--json`, else as `text` puts it. */
export async function print(
  context: Context,
  options: GlobalOptions,
  value: unknown,
  text: () => string,
): Promise<void> {
  await context.terminal.out(
    options.json === true ? `${JSON.stringify(value, null, 2)}\n` : text(),
  );
}

/** A list: JSON with `--json`, else a table of the named properties. */
export async function printList(
  context: Context,
  options: GlobalOptions,
  rows: readonly object[],
  columns: Readonly<Record<string, string>>,
): Promise<void> {
  await print(context, options, rows, () => {
    if (rows.length === 0) return 'none\n';
    return formatTable(
      Object.keys(columns),
      rows.map((row) => Object.values(columns).map((name) => Reflect.get(row, name) as unknown)),
      context.terminal.columns,
    );
  });
}
