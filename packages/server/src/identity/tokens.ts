import { createPrivateKey, createPublicKey } from 'node:crypto';
import { SignJWT, errors as joseErrors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { Clock, PrincipalId, Random } from '@strongroom/base';
import { isGuid, principalId } from '@strongroom/base';
import type { TokenKey } from '@strongroom/keys';
import type { Principal } from '../access/principal.js';
import type { Catalog } from '../catalog/open-catalog.js';
import { identityLimits } from './limits.js';
import { secretHash } from './secrets.js';

/** The parts of the API that tokens are for; each takes its own audiences (azure-api.md §0.6). */
export type Plane = 'ingestion' | 'query' | 'management' | 'portal';

/** The audience of tokens for people, from our own OIDC provider: all planes take it. */
export const userAudience = 'urn:strongroom:api';

const audiencesByPlane: Readonly<Record<Plane, readonly string[]>> = {
  ingestion: ['https://monitor.azure.com'],
  query: [
    'https://api.loganalytics.io',
    'https://api.loganalytics.azure.com',
    'https://monitor.azure.com',
  ],
  management: ['https://management.azure.com', 'https://management.core.windows.net'],
  portal: ['https://management.azure.com', 'https://management.core.windows.net'],
};
const knownAudiences = new Set(Object.values(audiencesByPlane).flat());

/** Why a token was not taken. */
export type TokenProblem = 'malformed' | 'signature' | 'expired' | 'audience' | 'revoked';

export interface Tokens {
  /**
   * The audience of a `scope` parameter: `X/.default` without trailing slashes, for a resource that
   * we serve. `undefined` for any other scope.
   */
  audienceOf(scope: string): string | undefined;
  /** An access token for an application that proved one of its credentials. */
  issue(options: {
    origin: string;
    audience: string;
    clientId: string;
    principalId: PrincipalId;
    credentialId: string;
  }): Promise<string>;
  /** Verifies a bearer token for a plane; tells who speaks or what is wrong with the token. */
  verify(token: string, plane: Plane): Promise<Principal | TokenProblem>;
  /** The issuer of application tokens for clients that call us by `origin`. */
  issuer(origin: string): string;
}

export function createTokens(options: {
  key: TokenKey;
  tenantId: string;
  /** True for `https://host:port` under a name that this service is configured with. */
  isOwnOrigin: (url: string) => boolean;
  catalog: Catalog;
  clock: Clock;
  random: Random;
}): Tokens {
  const { key, tenantId, isOwnOrigin, catalog, clock, random } = options;
  const privateKey = createPrivateKey(key.privateKeyPem);
  const publicKey = createPublicKey(key.publicKeyPem);
  const verified = new Map<string, JWTPayload>();
  const issuer = (origin: string): string => `${origin}/${tenantId}/v2.0`;
  return {
    issuer,
    audienceOf: (scope) => {
      // By hand: a pattern that takes any number of slashes before the last one is quadratic, and
      // strangers choose this text.
      const end = '/.default';
      const text = scope.length > identityLimits.scopeCharsMax ? '' : scope.trim();
      if (!text.endsWith(end)) return undefined;
      let length = text.length - end.length;
      while (text[length - 1] === '/') length -= 1;
      const audience = text.slice(0, length);
      return knownAudiences.has(audience) || isOwnOrigin(audience) ? audience : undefined;
    },
    issue: async ({ origin, audience, clientId, principalId: id, credentialId }) => {
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({
        tid: tenantId,
        oid: id,
        appid: clientId,
        azp: clientId,
        idtyp: 'app',
        ver: '2.0',
        cred: credentialId,
      })
        .setProtectedHeader({ alg: key.algorithm, kid: key.keyId, typ: 'at+jwt' })
        .setIssuer(issuer(origin))
        .setSubject(id)
        .setAudience(audience)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + identityLimits.tokenLifetimeSeconds)
        .setJti(random.uuid())
        .sign(privateKey);
    },
    verify: async (token, plane) => {
      if (token.length > identityLimits.tokenCharsMax) return 'malformed';
      const payload = await verifiedPayload(token);
      if (typeof payload === 'string') return payload;
      return payload['idtyp'] === 'app' ? applicationOf(payload, plane) : userOf(payload);
    },
  };

  /**
   * Claims of a token that we signed and that has not expired. A signature is checked once: a sender
   * shows the same token with each request, and a check takes a third of a millisecond. All that can
   * change is looked at every time.
   */
  async function verifiedPayload(token: string): Promise<JWTPayload | TokenProblem> {
    const hash = secretHash(token);
    const known = verified.get(hash);
    if (known !== undefined) {
      const until = (known.exp ?? 0) + identityLimits.clockToleranceSeconds;
      if (Math.floor(clock.now() / 1000) < until) return known;
      verified.delete(hash);
      return 'expired';
    }
    try {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: [key.algorithm],
        currentDate: new Date(clock.now()),
        clockTolerance: identityLimits.clockToleranceSeconds,
        requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
      });
      if (verified.size >= identityLimits.verifiedTokensMax) verified.clear();
      verified.set(hash, payload);
      return payload;
    } catch (error) {
      if (error instanceof joseErrors.JWTExpired) return 'expired';
      if (error instanceof joseErrors.JWSSignatureVerificationFailed) return 'signature';
      return 'malformed';
    }
  }

  function applicationOf(payload: JWTPayload, plane: Plane): Principal | TokenProblem {
    const { iss, aud, sub } = payload;
    if (typeof aud !== 'string') return 'audience';
    if (!audiencesByPlane[plane].includes(aud) && !isOwnOrigin(aud)) return 'audience';
    const origin =
      iss?.endsWith(`/${tenantId}/v2.0`) === true
        ? iss.slice(0, iss.length - tenantId.length - 6)
        : '';
    if (!isOwnOrigin(origin) || sub === undefined || !isGuid(sub)) return 'malformed';
    const { snapshot } = catalog;
    const application = snapshot.applicationsByPrincipal.get(principalId(sub));
    if (application === undefined || application.disabled) return 'revoked';
    // A secret that was replaced or has expired takes its tokens with it.
    const credential = snapshot.credentials
      .get(application.clientId)
      ?.find(({ id }) => id === payload['cred']);
    if (credential === undefined || credential.expiresAt <= clock.now()) return 'revoked';
    return {
      kind: 'Application',
      id: application.principalId,
      name: application.clientId,
      proof: 'token',
    };
  }

  function userOf(payload: JWTPayload): Principal | TokenProblem {
    const { iss, aud, sub, iat } = payload;
    if (aud !== userAudience) return 'audience';
    if (iss?.endsWith('/oidc') !== true || !isOwnOrigin(iss.slice(0, -5))) return 'malformed';
    if (sub === undefined || !isGuid(sub)) return 'malformed';
    const user = catalog.snapshot.users.get(principalId(sub));
    if (user === undefined || user.disabled) return 'revoked';
    if ((iat ?? 0) < Math.floor(user.validAfter / 1000)) return 'revoked';
    return { kind: 'User', id: user.id, name: user.userName, proof: 'token' };
  }
}
