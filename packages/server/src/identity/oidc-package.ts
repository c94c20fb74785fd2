/**
 * `oidc-provider`, loaded without its notice that it is not tested on Node 20: we test it there, and
 * whoever starts the service for the first time should not wonder about it (docs/adr/0043).
 */
async function load(): Promise<typeof import('oidc-provider')> {
  const { warn } = console;
  console.warn = (...parts: unknown[]) => {
    if (!String(parts[0]).includes('Unsupported runtime')) warn(...parts);
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

export const { default: Provider, interactionPolicy } = await load();
