import { useCallback, useEffect, useRef, useState } from 'react';
import { messageOf } from '../server.js';

/** Something asked of the server: not here yet, here, or failed (the last value stays). */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly reload: () => void;
}

/** Asks on start, when `key` changes, on `reload`, and every `pollMs` while the page is visible. */
export function useLoaded<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  pollMs?: number,
): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: string }>({ key });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  useEffect(() => {
    latest.current = load;
  });
  useEffect(() => {
    const abort = new AbortController();
    latest
      .current(abort.signal)
      .then((value) => {
        if (!abort.signal.aborted) setState({ key, value });
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        setState((old) => ({ ...(old.key === key ? old : {}), key, error: messageOf(error) }));
      });
    return () => abort.abort();
  }, [key, round]);
  const reload = useCallback(() => setRound((old) => old + 1), []);
  useEffect(() => {
    if (pollMs === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, pollMs);
    return () => clearInterval(timer);
  }, [pollMs, reload]);
  const current = state.key === key ? state : undefined;
  return { value: current?.value, error: current?.error, reload };
}

/** Runs one act at a time and keeps what went wrong. */
export function useAct(): {
  readonly busy: boolean;
  readonly error: string | undefined;
  readonly run: (act: () => Promise<void>) => void;
  readonly clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const run = (act: () => Promise<void>): void => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    act()
      .catch((failure: unknown) => setError(messageOf(failure)))
      .finally(() => setBusy(false));
  };
  return { busy, error, run, clear: () => setError(undefined) };
}
