/**
 * Scans of tables that are only united (`union *`, `search`): each is a SELECT of its own, whose columns
 * nothing outside of it sees. So their columns are made once for each schema, and not for each query;
 * a workspace has hundreds of tables.
 */

import { systemColumns, type ScalarType, type TableSchema } from '@strongroom/sql';
import type { Plan } from '../plan/plan.js';
import { constant, hasNull, type Column } from './bound.js';
import { relation, type Relation, type VisibleColumn } from './relation.js';

interface SharedColumns {
  /** Names in SQL, which nothing else in a statement may take. */
  readonly names: ReadonlySet<string>;
  readonly stored: readonly { readonly stored: string; readonly column: Column }[];
  /** Where each is among `stored`. */
  readonly places: ReadonlyMap<Column, number>;
  readonly visible: readonly VisibleColumn[];
  readonly type: Column | undefined;
  readonly tenant: Column | undefined;
  readonly ingestionTime: Column;
  readonly fullText: ReadonlySet<Column>;
}

const known = new WeakMap<TableSchema, SharedColumns>();

/** Names of one to three small letters belong to the lambdas of function rows. */
export const shortName = /^[a-z]{1,3}$/;
const noColumns: ReadonlySet<Column> = new Set();

export interface SharedScan {
  readonly relation: Relation;
  readonly names: ReadonlySet<string>;
}

export function sharedScan(
  schema: TableSchema,
  options: {
    readonly workspaceId: string;
    readonly isEmpty: boolean;
    readonly timeRange: { readonly start: bigint; readonly end: bigint } | undefined;
  },
): SharedScan {
  let columns = known.get(schema);
  if (columns === undefined) known.set(schema, (columns = columnsOf(schema)));
  const { ingestionTime, type, tenant } = columns;
  const scan: Plan = {
    kind: 'scan',
    workspaceId: options.workspaceId,
    isEmpty: options.isEmpty,
    table: schema.name,
    columns: columns.stored,
    places: columns.places,
    timeRange: options.timeRange,
    fullText: columns.fullText,
  };
  const definitions = [
    ...(type === undefined ? [] : [{ column: type, value: constant('string', schema.name) }]),
    ...(tenant === undefined
      ? []
      : [{ column: tenant, value: constant('string', options.workspaceId) }]),
  ];
  const plan: Plan = definitions.length === 0 ? scan : { kind: 'extend', input: scan, definitions };
  return { relation: relation(plan, columns.visible, { ingestionTime }), names: columns.names };
}

function columnsOf(schema: TableSchema): SharedColumns {
  const names = new Set<string>();
  const make = (name: string, type: ScalarType, nullable: boolean, own = false): Column => {
    // `$0` is not among the endings that names get elsewhere.
    const sql = own || shortName.test(name) ? `${name}$0` : name;
    names.add(name).add(sql);
    return { type, nullable, sql };
  };
  const stored: { stored: string; column: Column }[] = [];
  const visible: VisibleColumn[] = [];
  const constants = new Map<string, Column>();
  for (const { name, type, nullable, isConstant } of scanColumns(schema)) {
    const column = isConstant ? make(name, 'string', false, true) : make(name, type, nullable);
    if (isConstant) constants.set(name, column);
    else stored.push({ stored: name, column });
    visible.push({ name, column });
  }
  const ingestionTime = make('_TimeReceived', 'datetime', false, true);
  stored.push({ stored: '_TimeReceived', column: ingestionTime });
  const indexed = schema.fullTextColumns;
  return {
    names,
    stored,
    places: new Map(stored.map(({ column }, place) => [column, place])),
    visible,
    type: constants.get('Type'),
    tenant: constants.get('TenantId'),
    ingestionTime,
    fullText:
      indexed === undefined
        ? noColumns
        : new Set(
            stored.filter((each) => indexed.includes(each.stored)).map((each) => each.column),
          ),
  };
}

/** What a scan makes of each of a table's columns, found once for each schema. */
interface ScanColumn {
  readonly name: string;
  readonly type: ScalarType;
  readonly nullable: boolean;
  /** Known of the table, not stored in it. */
  readonly isConstant: boolean;
  /** Of a lambda's form. */
  readonly isShort: boolean;
}

const scanned = new WeakMap<TableSchema, readonly ScanColumn[]>();

export function scanColumns(schema: TableSchema): readonly ScanColumn[] {
  let made = scanned.get(schema);
  if (made === undefined) {
    made = schema.columns.map(({ name, type }) => ({
      name,
      type,
      nullable: hasNull(type) && name !== 'TimeGenerated' && !Object.hasOwn(systemColumns, name),
      isConstant: name === 'TenantId' || name === 'Type',
      isShort: shortName.test(name),
    }));
    scanned.set(schema, made);
  }
  return made;
}
