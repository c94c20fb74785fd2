const placeKey = 'strongroom.place';

/**
 * Remembers where a user wanted to go before signing in. The fragment holds the query; it stays
 * in this tab and is not sent with the sign-in.
 */
export function keepPlace(): void {
  if (location.hash === '') return;
  sessionStorage.setItem(
    placeKey,
    JSON.stringify({ path: location.pathname, hash: location.hash }),
  );
}

/** Puts back what {@link keepPlace} remembered, where the user came back to the same page. */
export function restorePlace(): void {
  const kept = sessionStorage.getItem(placeKey);
  if (kept === null) return;
  sessionStorage.removeItem(placeKey);
  try {
    const { path, hash } = JSON.parse(kept) as { path?: unknown; hash?: unknown };
    if (path === location.pathname && typeof hash === 'string' && location.hash === '')
      history.replaceState(null, '', location.pathname + hash);
  } catch {
    // Not written by us; nowhere to go.
  }
}

/** Leaves nothing of the session in the browser: storage, caches, the query in the address. */
export async function wipeBrowser(): Promise<void> {
  sessionStorage.clear();
  localStorage.clear();
  history.replaceState(null, '', '/portal/');
  if ('caches' in globalThis)
    await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
}
