import type { ReactNode } from 'react';
import type { Loaded } from './loaded.js';
import { FailureState, LoadingRows } from './states.js';

/** One column of a {@link ListPanel}. */
export interface ListColumn<T> {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  /** What the pointer shows over the cell: the exact time, the whole id. */
  readonly title?: (row: T) => string | undefined;
}

interface ListPanelProps<T> {
  readonly label: string;
  readonly loaded: Loaded<readonly T[]>;
  readonly failed: string;
  readonly none: ReactNode;
  readonly columns: readonly ListColumn<T>[];
  readonly rowKey: (row: T) => string;
  /** Buttons at a row's end. */
  readonly actions?: (row: T) => ReactNode;
  /** True where a row counts for nothing any more. */
  readonly isFaded?: (row: T) => boolean;
  /** The cells are numbers. */
  readonly numbers?: boolean;
  readonly children?: ReactNode;
}

/**
 * A panel with a list that comes from the server: its rows, or that they are on their way, could not
 * be had, or that there are none. The first column names the row.
 */
export function ListPanel<T>(props: ListPanelProps<T>) {
  return (
    <section className="panel" aria-label={props.label}>
      <Rows {...props} />
      {props.children}
    </section>
  );
}

function Rows<T>(props: ListPanelProps<T>) {
  const { columns, actions, isFaded } = props;
  const { value, error, reload } = props.loaded;
  if (value === undefined) {
    return error === undefined ? (
      <LoadingRows />
    ) : (
      <FailureState title={props.failed} message={error} onRetry={reload} />
    );
  }
  if (value.length === 0) {
    return typeof props.none === 'string' ? (
      <p className="quiet-note padded">{props.none}</p>
    ) : (
      props.none
    );
  }
  return (
    <table className={props.numbers === true ? 'list numbers' : 'list'}>
      <thead>
        <tr>
          {columns.map(({ head }) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
          {actions && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {value.map((row) => (
          <tr key={props.rowKey(row)} className={isFaded?.(row) === true ? 'faded' : undefined}>
            {columns.map(({ head, cell, title }, at) =>
              at === 0 ? (
                <th key={head} scope="row" title={title?.(row)}>
                  {cell(row)}
                </th>
              ) : (
                <td key={head} title={title?.(row)}>
                  {cell(row)}
                </td>
              ),
            )}
            {actions && <td className="actions">{actions(row)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
