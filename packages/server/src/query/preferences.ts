import type { QueryLimits } from './limits.js';

/** What a client asks for beside the rows (`Prefer` header). */
export interface Preferences {
  readonly timeoutSeconds: number;
  readonly statistics: boolean;
  readonly render: boolean;
}

/**
 * Reads `Prefer: wait=30,include-statistics=true,include-render=true`. Separators are commas,
 * semicolons and white space; what is not known is ignored, as RFC 7240 §2 asks.
 */
export function readPreferences(header: string | undefined, limits: QueryLimits): Preferences {
  const values = new Map<string, string>();
  for (const part of (header ?? '').slice(0, 1024).split(/[\s,;]+/)) {
    const [name = '', value = 'true'] = part.split('=');
    values.set(name.toLowerCase(), value.replaceAll('"', '').toLowerCase());
  }
  const wait = Number(values.get('wait'));
  const timeoutSeconds =
    Number.isFinite(wait) && wait > 0
      ? Math.min(wait, limits.timeoutSecondsMax)
      : limits.timeoutSecondsDefault;
  return {
    timeoutSeconds,
    statistics: values.get('include-statistics') === 'true',
    render: values.get('include-render') === 'true',
  };
}
