import { useEffect, useState } from 'react';
import { Icon } from './icon.js';

/** Puts text on the clipboard and says so for a moment. */
export function CopyButton(props: {
  readonly text: string | (() => string);
  readonly label: string;
  readonly className?: string;
  readonly showLabel?: boolean;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(typeof props.text === 'string' ? props.text : props.text());
    setCopied(true);
  };
  return (
    <button
      type="button"
      className={props.className ?? 'icon-button'}
      aria-label={props.label}
      title={props.label}
      onClick={(event) => {
        event.stopPropagation();
        copy().catch(() => setCopied(false));
      }}
    >
      <Icon name={copied ? 'check' : 'copy'} size={15} />
      {props.showLabel && <span>{copied ? 'Copied' : props.label}</span>}
      <span className="visually-hidden" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  );
}
