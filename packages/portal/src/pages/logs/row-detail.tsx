import { jsonOf } from '../../logic/delimited.js';
import type { ResultColumn, Row, Zone } from '../../logic/values.js';
import { formatDetail, structureOf } from '../../logic/values.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Icon } from '../../parts/icon.js';
import { ProveRow } from './prove-row.js';

interface RowDetailProps {
  readonly columns: readonly ResultColumn[];
  readonly row: Row;
  readonly position: number;
  readonly count: number;
  readonly zone: Zone;
  readonly onMove: (position: number) => void;
  readonly onClose: () => void;
}

/** One row with all its values in full. */
export function RowDetail(props: RowDetailProps) {
  const { columns, row, position, count, zone, onMove, onClose } = props;
  return (
    <aside className="row-detail" aria-label="Row detail">
      <header>
        <h2>
          Row {(position + 1).toLocaleString('en-US')}
          <small> of {count.toLocaleString('en-US')}</small>
        </h2>
        <button
          type="button"
          className="icon-button"
          aria-label="Previous row"
          disabled={position === 0}
          onClick={() => onMove(position - 1)}
        >
          <Icon name="up" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Next row"
          disabled={position + 1 >= count}
          onClick={() => onMove(position + 1)}
        >
          <Icon name="down" />
        </button>
        <CopyButton label="Copy row as JSON" text={() => jsonOf(columns, [row])} />
        <button
          type="button"
          className="icon-button"
          aria-label="Close row detail"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <ProveRow key={position} columns={columns} row={row} />
      <dl>
        {columns.map((column, at) => {
          const value = row[at];
          const missing = value === null || value === undefined || value === '';
          const text = formatDetail(value, column.type, zone);
          const structured = structureOf(value, column.type) !== undefined;
          return (
            <div key={at} className="field">
              <dt>
                <span>{column.name}</span>
                <small>{column.type}</small>
                {!missing && <CopyButton label={`Copy ${column.name}`} text={text} />}
              </dt>
              <dd className={missing ? 'missing' : structured ? 'structured' : undefined}>
                {missing ? (value === '' ? 'empty' : 'null') : text}
              </dd>
            </div>
          );
        })}
      </dl>
    </aside>
  );
}
