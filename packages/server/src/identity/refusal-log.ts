import type { Clock } from '@strongroom/base';
import type { Audit, AuditEvent } from '../audit/audit.js';

/**
 * Audits refusals of callers who proved nothing. Each record costs a durable write, so of the same
 * refusal (same address, same reason) one a minute is written, with the number of those before it
 * that were only counted: strangers cannot fill the audit.
 */
export interface RefusalLog {
  record(event: AuditEvent): Promise<void>;
}

const intervalMs = 60_000;
const keysMax = 10_000;

export function createRefusalLog(audit: Audit, clock: Clock): RefusalLog {
  const seen = new Map<string, { at: number; suppressed: number }>();
  return {
    record: async (event) => {
      const key = `${event.callerIp ?? ''} ${event.operation} ${event.reason ?? ''}`;
      const before = seen.get(key);
      const now = clock.monotonicMs();
      if (before !== undefined && now - before.at < intervalMs) {
        before.suppressed += 1;
        return;
      }
      seen.delete(key);
      seen.set(key, { at: now, suppressed: 0 });
      if (seen.size > keysMax) {
        const oldest = seen.keys().next();
        if (oldest.done !== true) seen.delete(oldest.value);
      }
      await audit.record({
        ...event,
        properties: { ...event.properties, alsoRefused: before?.suppressed ?? 0 },
      });
    },
  };
}
