import { csrfHeader } from '@strongroom/api';
import type { Principal } from '../access/principal.js';
import type { Catalog } from '../catalog/open-catalog.js';
import { HttpError } from '../http/errors.js';
import type { Incoming } from '../http/request.js';
import type { RefusalLog } from './refusal-log.js';
import { readCookie, sameToken, sessionCookie } from './sessions.js';
import type { Session, Sessions } from './sessions.js';
import type { Plane, TokenProblem, Tokens } from './tokens.js';

/** Tells who speaks, by a bearer token or a browser session. */
export interface Authenticator {
  /**
   * The proved caller. Throws 401 or 403 with the code that the plane's clients know; the refusal
   * is audited. Sessions are taken for all planes but ingestion, and only from our own pages.
   */
  authenticate(request: Incoming, plane: Plane): Promise<Principal>;
  /** The session of a request's cookie, if it lives and its user may sign in. */
  session(request: Incoming): { session: Session; principal: Principal } | undefined;
}

export function createAuthenticator(options: {
  tokens: Tokens;
  sessions: Sessions;
  catalog: Catalog;
  refusals: RefusalLog;
}): Authenticator {
  const { tokens, sessions, catalog, refusals } = options;

  const readSession: Authenticator['session'] = (request) => {
    const value = readCookie(request.headers['cookie'], sessionCookie);
    const session = value === undefined ? undefined : sessions.find(value);
    if (session === undefined) return undefined;
    const user = catalog.snapshot.users.get(session.userId);
    if (user === undefined || user.disabled || session.createdAt < user.validAfter) {
      sessions.endAllOf(session.userId);
      return undefined;
    }
    return {
      session,
      principal: { kind: 'User', id: user.id, name: user.userName, proof: 'session' },
    };
  };

  const refuse = async (request: Incoming, reason: string, error: HttpError): Promise<never> => {
    await refusals.record({
      principal: { anonymous: true },
      operation: 'Microsoft.Strongroom/authenticate/action',
      outcome: 'Refused',
      target: request.path.path.slice(0, 512),
      reason,
      callerIp: request.callerIp,
      correlationId: request.correlationId,
    });
    throw error;
  };

  return {
    session: readSession,
    authenticate: async (request, plane) => {
      const header = request.headers['authorization'];
      if (header !== undefined) {
        const token = /^bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header)?.[1];
        const verified = token === undefined ? 'malformed' : await tokens.verify(token, plane);
        return typeof verified === 'string'
          ? refuse(request, verified, tokenError(verified, plane))
          : verified;
      }
      const found = plane === 'ingestion' ? undefined : readSession(request);
      if (found === undefined) return refuse(request, 'NoCredential', noCredential(plane));
      const problem = forgeryProblem(request, found.session);
      return problem === undefined
        ? found.principal
        : refuse(request, problem, new HttpError(403, 'CrossSiteRequest', crossSite));
    },
  };
}

const crossSite = 'The session cookie counts only in requests from the portal itself.';

/** Why this may be another site's request in the user's browser. */
function forgeryProblem(request: Incoming, session: Session): string | undefined {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'SecFetchSite';
  if (headers['origin'] !== undefined && headers['origin'] !== request.origin) return 'Origin';
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  const token = headers[csrfHeader];
  return token !== undefined && sameToken(token, session.csrfToken) ? undefined : 'CsrfToken';
}

const challenge = { 'www-authenticate': 'Bearer' };
/** Never a claims challenge: the ingestion client would corrupt its retry (azure-api.md §2). */
const invalidToken = { 'www-authenticate': 'Bearer error="invalid_token"' };

function noCredential(plane: Plane): HttpError {
  const [code, message] =
    plane === 'ingestion'
      ? ['Unauthorized', 'The request has no bearer token.']
      : plane === 'portal'
        ? ['SessionEnded', 'Sign in.']
        : ['AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing."];
  return new HttpError(401, code, message, { headers: challenge });
}

const problemTexts: Readonly<Record<TokenProblem, string>> = {
  malformed: 'The access token is malformed.',
  signature: 'The access token was not issued by this service.',
  expired: 'The access token has expired.',
  audience: 'The access token is for another audience.',
  revoked: 'The access token is no longer valid.',
};

function tokenError(problem: TokenProblem, plane: Plane): HttpError {
  const message = problemTexts[problem];
  if (plane === 'ingestion') {
    return new HttpError(401, 'InvalidToken', message, { headers: invalidToken });
  }
  // An expired or dead token is a 401 everywhere, so that clients fetch a new one.
  if (plane === 'query' && problem === 'audience') {
    return new HttpError(403, 'InvalidAuthenticationTokenAudience', message);
  }
  if (plane === 'query' && (problem === 'malformed' || problem === 'signature')) {
    return new HttpError(403, 'InvalidAuthenticationToken', message);
  }
  const code = problem === 'expired' ? 'ExpiredAuthenticationToken' : 'InvalidAuthenticationToken';
  return new HttpError(401, code, message, { headers: invalidToken });
}
