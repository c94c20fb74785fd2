import type { ReactNode } from 'react';
import type { IconName } from './icon.js';
import { Icon } from './icon.js';

/** A place with nothing in it yet, and what to do about that. */
export function EmptyState(props: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="empty-state">
      <span className="empty-icon">
        <Icon name={props.icon} size={22} />
      </span>
      <h3>{props.title}</h3>
      {props.children}
    </div>
  );
}

/** Something failed; `onRetry` offers another try. */
export function FailureState(props: {
  readonly title: string;
  readonly message: string;
  readonly onRetry?: () => void;
}) {
  return (
    <div className="empty-state" role="alert">
      <span className="empty-icon bad">
        <Icon name="alert" size={22} />
      </span>
      <h3>{props.title}</h3>
      <p>{props.message}</p>
      {props.onRetry && (
        <button type="button" className="button" onClick={props.onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Rows of a table that is still loading. */
export function LoadingRows({ rows = 4 }: { readonly rows?: number }) {
  return (
    <div className="loading-rows" role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: rows }, (_, at) => (
        <span key={at} className="loading-row" />
      ))}
    </div>
  );
}

export function Badge(props: {
  readonly tone: 'good' | 'warn' | 'bad' | 'quiet' | 'accent';
  readonly children: ReactNode;
}) {
  return <span className={`badge ${props.tone}`}>{props.children}</span>;
}

/** What went wrong with an act, beside what it was to do; nothing where nothing did. */
export function ActError(props: {
  readonly error: string | undefined;
  /** Stands in a panel and not in a dialog. */
  readonly padded?: boolean;
}) {
  if (props.error === undefined) return null;
  return (
    <p className={props.padded === true ? 'form-error padded' : 'form-error'} role="alert">
      {props.error}
    </p>
  );
}
