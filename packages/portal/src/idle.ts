import { useEffect, useRef } from 'react';

const events = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;
const checkMs = 5_000;

/**
 * Calls `onIdle` once nobody has touched this tab or another one of the session for `idleMs`.
 * Pages that poll keep the server's own timer running; this one counts people only.
 */
export function useIdle(idleMs: number, channel: BroadcastChannel, onIdle: () => void): void {
  const act = useRef(onIdle);
  useEffect(() => {
    act.current = onIdle;
  });
  useEffect(() => {
    if (!(idleMs > 0)) return;
    let last = performance.now();
    let told = last;
    const touched = (): void => {
      last = performance.now();
      if (last - told < checkMs) return;
      told = last;
      channel.postMessage('active');
    };
    const heard = (event: MessageEvent): void => {
      if (event.data === 'active') last = performance.now();
    };
    const timer = setInterval(() => {
      if (performance.now() - last < idleMs) return;
      clearInterval(timer);
      act.current();
    }, checkMs);
    for (const name of events) addEventListener(name, touched, { passive: true });
    channel.addEventListener('message', heard);
    return () => {
      clearInterval(timer);
      for (const name of events) removeEventListener(name, touched);
      channel.removeEventListener('message', heard);
    };
  }, [idleMs, channel]);
}
