import { invariant } from '@strongroom/base';
import type { ColumnSchema, ScalarType } from '@strongroom/sql';
import type { TableRecord } from './catalog.js';
import {
  operationsManagerTablesText,
  standardTablesText,
  strongroomTablesText,
} from './standard-tables-data.js';

/** A standard table with the solution that brings it. */
export interface StandardTable extends TableRecord {
  readonly solution: string;
}

const typeOfMark: Readonly<Record<string, ScalarType>> = {
  '': 'string',
  b: 'bool',
  d: 'datetime',
  g: 'guid',
  i: 'int',
  l: 'long',
  o: 'dynamic',
  r: 'real',
};

const closingColumns = ['SourceSystem', '_ResourceId', '_SubscriptionId', '_IsBillable'];

let tables: ReadonlyMap<string, StandardTable> | undefined;

/** All standard tables by name; the text is read on first use. */
export function standardTables(): ReadonlyMap<string, StandardTable> {
  tables ??= new Map(
    [standardTablesText, operationsManagerTablesText, strongroomTablesText]
      .flatMap(parseTables)
      .map((table) => [table.schema.name, table]),
  );
  return tables;
}

function parseTables(text: string): StandardTable[] {
  const found: { name: string; solution: string; columns: ColumnSchema[]; closing: boolean }[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith(' ')) {
      for (const word of line.trim().split(/ +/)) found.at(-1)?.columns.push(parseColumn(word));
      continue;
    }
    const [name = '', solution = '', mark] = line.split(' ');
    found.push({
      name,
      solution,
      columns: [{ name: 'TimeGenerated', type: 'datetime' }],
      closing: mark === '+',
    });
  }
  return found.map(({ name, solution, columns, closing }) => {
    if (closing)
      for (const column of closingColumns) columns.push({ name: column, type: 'string' });
    return {
      schema: { name, columns },
      kind: 'Microsoft',
      solution,
      fullTextColumns: fullTextColumns(columns),
    };
  });
}

function parseColumn(word: string): ColumnSchema {
  const [name = '', mark = ''] = word.split(':');
  const type = typeOfMark[mark];
  invariant(name !== '' && type !== undefined, `standard table column ${word}`);
  return { name, type };
}

const messageLike =
  /^(?:.*Message|RawData|RawRecord|RenderedDescription|.*CommandLine|Body|Text|Line|Log|LogEntry|LogRecord|EventData|Msg|Payload|ResultDescription|QueryText)$/i;

/**
 * The columns that get a full-text index: free text that people search for words. Lines full of
 * random tokens make the index larger than the data, so identifiers and the like have none.
 */
export function fullTextColumns(columns: readonly ColumnSchema[]): readonly string[] {
  return columns
    .filter(({ name, type }) => type === 'string' && messageLike.test(name))
    .map(({ name }) => name);
}
