import { createHash } from 'node:crypto';
import type { Clock, Random } from '@strongroom/base';
import { portalPaths } from '@strongroom/api';
import type { Audit } from '../audit/audit.js';
import type { Catalog } from '../catalog/open-catalog.js';
import { HttpError } from '../http/errors.js';
import type { Handler, Incoming, Outgoing } from '../http/request.js';
import type { Authenticator } from './authenticator.js';
import { identityLimits } from './limits.js';
import type { Oidc } from './oidc.js';
import { messagePage, pageHeaders } from './pages.js';
import { newSecret, secretHash } from './secrets.js';
import {
  endedSessionCookieHeader,
  readCookie,
  sessionCookie,
  sessionCookieHeader,
} from './sessions.js';
import type { Sessions } from './sessions.js';

const callbackPath = '/auth/callback';
/** Ties the end of a sign-in to the browser that began it. */
const flowCookie = '__Host-strongroom-sign-in';

interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly returnTo: string;
  readonly origin: string;
  readonly until: number;
}

/** `/auth/…`: the portal's sign-in (authorization code with PKCE) and sign-out. */
export function createSignIn(options: {
  oidc: Oidc;
  sessions: Sessions;
  authenticator: Authenticator;
  catalog: Catalog;
  audit: Audit;
  clock: Clock;
  random: Random;
}): Handler {
  const { oidc, sessions, authenticator, catalog, audit, clock, random } = options;
  const flows = new Map<string, Flow>();

  function start(request: Incoming): Outgoing {
    const cookie = newSecret(random, '');
    const flow: Flow = {
      state: newSecret(random, ''),
      nonce: newSecret(random, ''),
      verifier: newSecret(random, ''),
      returnTo: safeReturn(request.path.query.get('returnTo')),
      origin: request.origin,
      until: clock.monotonicMs() + identityLimits.signInLifetimeMs,
    };
    flows.set(secretHash(cookie), flow);
    if (flows.size > identityLimits.signInsMax) {
      const oldest = flows.keys().next();
      if (oldest.done !== true) flows.delete(oldest.value);
    }
    const challenge = createHash('sha256').update(flow.verifier).digest('base64url');
    return {
      status: 303,
      headers: {
        location: oidc.authorizationUrl(request.origin, { ...flow, challenge }),
        'set-cookie': `${flowCookie}=${cookie}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${identityLimits.signInLifetimeMs / 1000}`,
      },
    };
  }

  async function finish(request: Incoming): Promise<Outgoing> {
    const cookie = readCookie(request.headers['cookie'], flowCookie);
    const hash = cookie === undefined ? '' : secretHash(cookie);
    const flow = flows.get(hash);
    // Whatever comes of it, a sign-in ends once.
    flows.delete(hash);
    const code = request.path.query.get('code');
    const sound =
      flow !== undefined &&
      flow.until > clock.monotonicMs() &&
      flow.origin === request.origin &&
      request.path.query.get('state') === flow.state;
    const userId =
      sound && code !== undefined
        ? await oidc.redeem(request.origin, { ...flow, code })
        : undefined;
    const user = userId === undefined ? undefined : catalog.snapshot.users.get(userId);
    if (flow === undefined || user === undefined || user.disabled) {
      return {
        status: 400,
        headers: pageHeaders,
        body: messagePage(
          'Sign in',
          'This sign-in has ended or was not begun here. Start it again.',
        ),
      };
    }
    // A session that the browser already has is not kept beside the new one.
    const former = readCookie(request.headers['cookie'], sessionCookie);
    if (former !== undefined) sessions.end(former);
    return {
      status: 303,
      headers: {
        location: flow.returnTo,
        'set-cookie': sessionCookieHeader(sessions.start(user.id)),
      },
    };
  }

  async function signOut(request: Incoming): Promise<Outgoing> {
    const ended = {
      'set-cookie': endedSessionCookieHeader,
      'clear-site-data': '"cache", "storage"',
    };
    if (authenticator.session(request) === undefined) return { status: 204, headers: ended };
    const principal = await authenticator.authenticate(request, 'portal');
    const value = readCookie(request.headers['cookie'], sessionCookie);
    if (value !== undefined) sessions.end(value);
    await audit.record({
      principal,
      operation: 'Microsoft.Strongroom/signOut/action',
      outcome: 'Succeeded',
      target: '/',
      callerIp: request.callerIp,
      correlationId: request.correlationId,
    });
    return { status: 204, headers: ended };
  }

  return async (request) => {
    switch (request.path.key) {
      case portalPaths.signIn:
        if (request.method !== 'GET') throw onlyMethod('GET');
        return start(request);
      case callbackPath:
        if (request.method !== 'GET') throw onlyMethod('GET');
        return finish(request);
      case portalPaths.signOut:
        if (request.method !== 'POST') throw onlyMethod('POST');
        return signOut(request);
      default:
        return undefined;
    }
  };
}

const onlyMethod = (method: string): HttpError =>
  new HttpError(405, 'MethodNotAllowed', `Only ${method} is allowed here.`, {
    headers: { allow: method },
  });

/** Only the portal's own pages: a link must not send people to another site after signing in. */
function safeReturn(path: string | undefined): string {
  const fallback = '/portal/';
  if (path === undefined || !path.startsWith('/portal/') || path.length > 8_192) return fallback;
  // Printable ASCII without the backslash, which browsers read as a slash.
  return /^[!-[\]-~]+$/.test(path) ? path : fallback;
}
