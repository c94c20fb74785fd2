import { timingSafeEqual } from 'node:crypto';
import type { Clock, PrincipalId, Random } from '@strongroom/base';
import { identityLimits } from './limits.js';
import { newSecret, secretHash } from './secrets.js';

/**
 * Portal sessions, on the server, in memory: a restart signs everyone out, a copied disk holds
 * none. The browser has a random id in a cookie; here only its hash is kept.
 */
export interface Session {
  readonly userId: PrincipalId;
  readonly csrfToken: string;
  /** Wall-clock time, to compare with `validAfter` of the user. */
  readonly createdAt: number;
}

export interface Sessions {
  /** Returns the cookie's value. */
  start(userId: PrincipalId): string;
  /** The living session of a cookie's value; using it puts off its idle end. */
  find(value: string): Session | undefined;
  end(value: string): Session | undefined;
  endAllOf(userId: PrincipalId): void;
  readonly idleTimeoutMs: number;
}

/** `__Host-`: Secure, no domain, whole site; no other host can set it. */
export const sessionCookie = '__Host-strongroom-session';

export const sessionCookieHeader = (value: string): string =>
  `${sessionCookie}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax`;
export const endedSessionCookieHeader = `${sessionCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;

export function createSessions(options: {
  clock: Clock;
  random: Random;
  idleTimeoutMs: number;
}): Sessions {
  const { clock, random, idleTimeoutMs } = options;
  const sessions = new Map<string, Session & { readonly started: number; used: number }>();
  const isOver = (session: { started: number; used: number }): boolean => {
    const now = clock.monotonicMs();
    return (
      now - session.used >= idleTimeoutMs ||
      now - session.started >= identityLimits.sessionLifetimeMs
    );
  };
  const makeRoom = (userId: PrincipalId): void => {
    let own = 0;
    for (const [hash, session] of sessions) {
      if (isOver(session)) sessions.delete(hash);
      else if (session.userId === userId) own += 1;
    }
    // The oldest go first: of this user at his own limit, of everyone at the common one.
    for (const [hash, session] of sessions) {
      const tooManyOwn = own >= identityLimits.sessionsPerUserMax && session.userId === userId;
      if (!tooManyOwn && sessions.size < identityLimits.sessionsMax) continue;
      sessions.delete(hash);
      if (session.userId === userId) own -= 1;
    }
  };
  return {
    idleTimeoutMs,
    start: (userId) => {
      makeRoom(userId);
      const value = newSecret(random, '');
      const now = clock.monotonicMs();
      sessions.set(secretHash(value), {
        userId,
        csrfToken: newSecret(random, ''),
        createdAt: clock.now(),
        started: now,
        used: now,
      });
      return value;
    },
    find: (value) => {
      const hash = secretHash(value);
      const session = sessions.get(hash);
      if (session === undefined) return undefined;
      if (isOver(session)) {
        sessions.delete(hash);
        return undefined;
      }
      session.used = clock.monotonicMs();
      return session;
    },
    end: (value) => {
      const hash = secretHash(value);
      const session = sessions.get(hash);
      sessions.delete(hash);
      return session;
    },
    endAllOf: (userId) => {
      for (const [hash, session] of sessions) {
        if (session.userId === userId) sessions.delete(hash);
      }
    },
  };
}

/** The value of a cookie, or `undefined`. Of a repeated name the first one counts. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/** Compares tokens in constant time. */
export function sameToken(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
