import { useDeferredValue, useMemo, useState } from 'react';
import type { TableSchema, WorkspaceSchema } from '../../logic/metadata.js';
import { filteredTables, groupedTables } from '../../logic/metadata.js';
import { quotedName } from '../../logic/query-text.js';
import { Icon } from '../../parts/icon.js';
import { LoadingRows } from '../../parts/states.js';

const typeMarks: Partial<Record<string, string>> = {
  datetime: 'time',
  timespan: 'span',
  string: 'text',
  dynamic: 'json',
  decimal: 'dec',
};

interface SchemaTreeProps {
  readonly schema: WorkspaceSchema | undefined;
  readonly error: string | undefined;
  readonly onReload: () => void;
  readonly onInsert: (text: string) => void;
  readonly onPreview: (table: TableSchema) => void;
}

/** Beyond so many matches a filter opens no table by itself. */
const openedByFilterMax = 24;

/** The workspace's tables with their columns; a click puts a name into the query. */
export function SchemaTree({ schema, error, onReload, onInsert, onPreview }: SchemaTreeProps) {
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [farShown, setFarShown] = useState(false);
  const wanted = useDeferredValue(filter);
  const tables = useMemo(
    () => (schema ? filteredTables(schema.tables, wanted) : []),
    [schema, wanted],
  );
  const groups = useMemo(() => groupedTables(tables), [tables]);
  const filtering = wanted.trim() !== '';
  const openAll = filtering && tables.length <= openedByFilterMax;
  // Where nothing is near, everything is what there is to see.
  const farOpen = farShown || filtering || groups.near.length === 0;
  const toggle = (name: string): void => {
    const next = new Set(open);
    if (!next.delete(name)) next.add(name);
    setOpen(next);
  };
  const entry = (table: TableSchema) => (
    <TableEntry
      key={table.name}
      table={table}
      expanded={openAll || open.has(table.name)}
      onToggle={() => toggle(table.name)}
      onInsert={onInsert}
      onPreview={onPreview}
    />
  );
  return (
    <div className="schema">
      <div className="schema-search">
        <Icon name="search" size={14} />
        <input
          type="search"
          value={filter}
          placeholder="Filter tables and columns"
          aria-label="Filter tables and columns"
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
        <button
          type="button"
          className="icon-button small"
          aria-label="Reload tables"
          title="Reload tables"
          onClick={onReload}
        >
          <Icon name="refresh" size={14} />
        </button>
      </div>
      <div className="schema-list">
        {!schema && error === undefined && <LoadingRows rows={6} />}
        {error !== undefined && !schema && (
          <p className="quiet-note" role="alert">
            {error}
          </p>
        )}
        {schema && tables.length === 0 && (
          <p className="quiet-note">
            {filtering ? 'Nothing matches.' : 'There are no tables yet.'}
          </p>
        )}
        <div role="list" aria-label="Tables">
          {groups.near.map(entry)}
        </div>
        {schema && schema.functions.length > 0 && !filtering && (
          <>
            <h3 className="schema-heading">Functions</h3>
            {schema.functions.map((one) => (
              <button
                key={one.name}
                type="button"
                className="schema-name function"
                title={one.body}
                onClick={() => onInsert(`${quotedName(one.name)}()`)}
              >
                <Icon name="function" size={14} />
                <span>{one.name}</span>
              </button>
            ))}
          </>
        )}
        {groups.far.length > 0 && (
          <>
            <button
              type="button"
              className="schema-more"
              aria-expanded={farOpen}
              onClick={() => setFarShown(!farShown)}
            >
              <Icon name="chevron" size={13} />
              Other standard tables
              <small>{groups.far.length}</small>
            </button>
            {farOpen && (
              <div role="list" aria-label="Other standard tables">
                {groups.far.map(entry)}
              </div>
            )}
          </>
        )}
      </div>
    </div>
  );
}

function TableEntry(props: {
  readonly table: TableSchema;
  readonly expanded: boolean;
  readonly onToggle: () => void;
  readonly onInsert: (text: string) => void;
  readonly onPreview: (table: TableSchema) => void;
}) {
  const { table, expanded, onToggle, onInsert, onPreview } = props;
  return (
    <div className="schema-entry" role="listitem" aria-label={table.name}>
      <div className="schema-table">
        <button
          type="button"
          className="twisty"
          aria-label={`${expanded ? 'Collapse' : 'Expand'} ${table.name}`}
          aria-expanded={expanded}
          onClick={onToggle}
        >
          <Icon name="chevron" size={13} />
        </button>
        <button
          type="button"
          className="schema-name"
          title={table.description ? `${table.name}: ${table.description}` : table.name}
          onClick={() => onInsert(quotedName(table.name))}
        >
          <Icon name="table" size={14} />
          <span>{table.name}</span>
        </button>
        <button
          type="button"
          className="schema-preview"
          aria-label={`Preview ${table.name}`}
          title="Show the newest 100 rows"
          onClick={() => onPreview(table)}
        >
          <Icon name="play" size={11} />
        </button>
      </div>
      {expanded && (
        <div role="group" aria-label={`Columns of ${table.name}`} className="schema-columns">
          {table.columns.map((column) => (
            <button
              key={column.name}
              type="button"
              className="schema-column"
              title={`${column.name}: ${column.type}`}
              onClick={() => onInsert(quotedName(column.name))}
            >
              <span>{column.name}</span>
              <small>{typeMarks[column.type] ?? column.type}</small>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
