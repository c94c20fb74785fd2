import type { ColumnSchema, ScalarType } from '@strongroom/sql';
import { resourceKey } from '../http/request-path.js';
import type { Json, JsonObject } from './records.js';

/** A data collection rule's properties, read. They were validated before they were stored. */
export interface RuleContent {
  /** Columns by declared stream. */
  readonly declarations: ReadonlyMap<string, readonly ColumnSchema[]>;
  /** Normalised workspace resource ids by destination name. */
  readonly destinations: ReadonlyMap<string, string>;
  /** Ids of the workspaces that the destinations were allowed for, by destination name. */
  readonly allowedIds: ReadonlyMap<string, string>;
  readonly flows: readonly RuleFlow[];
}

export interface RuleFlow {
  readonly streams: readonly string[];
  readonly destinations: readonly string[];
  readonly transformKql: string | undefined;
  /** As written; without it a stream goes to the table of its own name. */
  readonly outputStream: string | undefined;
  /** The table that a stream of this flow goes to. */
  outputTable(stream: string): string;
}

/** `Custom-X_CL` → `X_CL`, `Microsoft-X` → `X`. */
export const tableOfStream = (stream: string): string =>
  stream.replace(/^(?:Custom|Microsoft)-/, '');

/** ARM's names of column types, compared in lower case. */
const typeByArmName: ReadonlyMap<string, ScalarType> = new Map<string, ScalarType>([
  ['string', 'string'],
  ['int', 'int'],
  ['long', 'long'],
  ['real', 'real'],
  ['double', 'real'],
  ['boolean', 'bool'],
  ['bool', 'bool'],
  ['datetime', 'datetime'],
  ['guid', 'guid'],
  ['dynamic', 'dynamic'],
  ['timespan', 'timespan'],
  ['decimal', 'decimal'],
]);

/** `undefined` for a type that tables cannot have. */
export const scalarTypeOfArm = (name: string): ScalarType | undefined =>
  typeByArmName.get(name.toLowerCase());

/** ARM writes `boolean` and `dateTime` where queries say `bool` and `datetime`. */
export const armTypeOfScalar = (type: ScalarType): string =>
  type === 'bool' ? 'boolean' : type === 'datetime' ? 'dateTime' : type;

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];
export const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

export function readRule(properties: JsonObject): RuleContent {
  const declarations = new Map<string, ColumnSchema[]>();
  for (const [stream, declaration] of Object.entries(objectOf(properties['streamDeclarations']))) {
    const columns = listOf(objectOf(declaration)['columns']).flatMap((column) => {
      const { name, type } = objectOf(column);
      const scalar = scalarTypeOfArm(textOf(type) ?? '');
      return typeof name === 'string' && scalar !== undefined ? [{ name, type: scalar }] : [];
    });
    declarations.set(stream, columns);
  }
  const destinations = new Map<string, string>();
  const allowedIds = new Map<string, string>();
  for (const item of listOf(objectOf(properties['destinations'])['logAnalytics'])) {
    const { name, workspaceResourceId, workspaceId } = objectOf(item);
    if (typeof name === 'string' && typeof workspaceResourceId === 'string') {
      destinations.set(name, resourceKey(workspaceResourceId));
      if (typeof workspaceId === 'string') allowedIds.set(name, workspaceId);
    }
  }
  const flows = listOf(properties['dataFlows']).map((item): RuleFlow => {
    const flow = objectOf(item);
    const outputStream = textOf(flow['outputStream']);
    return {
      streams: listOf(flow['streams']).filter((stream) => typeof stream === 'string'),
      destinations: listOf(flow['destinations']).filter((name) => typeof name === 'string'),
      transformKql: textOf(flow['transformKql']),
      outputStream,
      outputTable: (stream) => tableOfStream(outputStream ?? stream),
    };
  });
  return { declarations, destinations, allowedIds, flows };
}
