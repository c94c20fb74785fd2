import type { ReactNode } from 'react';
import { useEffect, useId, useRef } from 'react';
import { Icon } from './icon.js';
import { ActError } from './states.js';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

/** A modal dialog: the browser keeps the focus inside, and Escape closes it. */
export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      className={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

/** What a dialog that does something says and can do. */
interface ActProps {
  readonly title: string;
  /** What the button that does it is called. */
  readonly action: string;
  readonly busy: boolean;
  readonly error: string | undefined;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Asks before something that cannot be taken back. */
export function Confirmation(props: ActProps & { readonly onConfirm: () => void }) {
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <div className="dialog-body">{props.children}</div>
      <ActError error={props.error} />
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={props.onClose}>
          Cancel
        </button>
        <button
          type="button"
          className="button danger"
          disabled={props.busy}
          onClick={props.onConfirm}
        >
          {props.action}
        </button>
      </footer>
    </Dialog>
  );
}

/** Asks for what something needs, and does it. */
export function FormDialog(
  props: ActProps & {
    readonly wide?: boolean;
    readonly onSubmit: () => void;
    /** False while something that it needs is missing. */
    readonly isComplete?: boolean;
  },
) {
  return (
    <Dialog title={props.title} wide={props.wide ?? false} onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit();
        }}
      >
        <div className="dialog-body fields">{props.children}</div>
        <ActError error={props.error} />
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={props.onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={props.busy || props.isComplete === false}
          >
            {props.action}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Shows what came of something, until it is read. */
export function ResultDialog(props: DialogProps) {
  return (
    <Dialog {...props}>
      {props.children}
      <footer className="dialog-foot">
        <button type="button" className="button primary" onClick={props.onClose}>
          Done
        </button>
      </footer>
    </Dialog>
  );
}
