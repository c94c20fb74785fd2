import type { Clock } from '@strongroom/base';
import { HttpError } from '../http/errors.js';
import { RateLimiter } from '../http/rate-limiter.js';
import type { Audit } from './audit.js';

/** Refusals of one known principal in a minute; each costs a durable record. */
export const refusalsPerMinuteMax = 120;

/**
 * An audit that hears only so many refusals of one principal: they are written where the refused act
 * would have gone, and nobody may fill another workspace's journal by asking for what he must not
 * have. Beyond it `record` throws a 429, so the act is refused all the same.
 */
export function limitRefusals(audit: Audit, clock: Clock): Audit {
  const rates = new RateLimiter({
    clock,
    requestsMax: refusalsPerMinuteMax,
    bytesMax: Number.MAX_SAFE_INTEGER,
  });
  return {
    record: async (event) => {
      if (event.outcome === 'Refused' && !('anonymous' in event.principal)) {
        const seconds = rates.admitRequest(event.principal.id);
        if (seconds > 0) {
          throw new HttpError(429, 'TooManyRequests', 'Too many refused requests. Try later.', {
            headers: { 'retry-after': String(seconds) },
          });
        }
      }
      await audit.record(event);
    },
  };
}
