import type { ReactNode } from 'react';
import { useEffect, useId, useRef, useState } from 'react';

interface PopoverProps {
  /** The button's accessible name, where its content is not enough. */
  readonly label?: string;
  readonly title?: string;
  readonly button: ReactNode;
  readonly buttonClass?: string;
  readonly align?: 'start' | 'end';
  readonly disabled?: boolean;
  readonly children: (close: () => void) => ReactNode;
}

/** A button with a panel below it. Escape, a click outside or a choice closes the panel. */
export function Popover(props: PopoverProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const panelId = useId();
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside, true);
    const button = trigger.current;
    const panel = root.current;
    return () => {
      document.removeEventListener('pointerdown', outside, true);
      // The focus goes back to the button, unless the user has taken it elsewhere.
      const focused = document.activeElement;
      if (!focused || focused === document.body || panel?.contains(focused)) button?.focus();
    };
  }, [open]);
  const close = (): void => setOpen(false);
  return (
    <div
      className="popover"
      ref={root}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && open) {
          event.stopPropagation();
          close();
        }
      }}
    >
      <button
        ref={trigger}
        type="button"
        className={props.buttonClass ?? 'button'}
        aria-label={props.label}
        title={props.title}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={open ? panelId : undefined}
        disabled={props.disabled}
        onClick={() => setOpen(!open)}
      >
        {props.button}
      </button>
      {open && (
        <div
          id={panelId}
          role="dialog"
          aria-label={props.title ?? props.label}
          className={`popover-panel ${props.align ?? 'start'}`}
        >
          {props.children(close)}
        </div>
      )}
    </div>
  );
}
