import { X509Certificate, createHash } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { Clock, Random } from '@strongroom/base';
import type { TokenKey } from '@strongroom/keys';
import type { Audit } from '../audit/audit.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredApplication, StoredCredential } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readFormBody } from '../http/read-body.js';
import type { Handler, Incoming, Outgoing } from '../http/request.js';
import { identityLimits } from './limits.js';
import type { RefusalLog } from './refusal-log.js';
import { secretHash, secretMatches } from './secrets.js';
import { createThrottle } from './throttle.js';
import type { Tokens } from './tokens.js';

/**
 * The token service that `@azure/identity` talks to (azure-api.md §1): discovery, keys and the
 * client-credentials grant, with a secret (form or Basic) or a certificate's assertion.
 *
 * The issuer is on the origin that the client called us by: MSAL refuses any other.
 */
export function createTokenService(options: {
  tokens: Tokens;
  key: TokenKey;
  tenantId: string;
  catalog: Catalog;
  audit: Audit;
  refusals: RefusalLog;
  clock: Clock;
  random: Random;
}): Handler {
  const { tokens, key, tenantId, catalog, audit, refusals, clock, random } = options;
  const throttle = createThrottle({
    clock,
    free: identityLimits.secretFailuresFree,
    failuresMax: Number.POSITIVE_INFINITY,
  });
  const usedAssertions = new Map<string, number>();

  const routes = new Map<string, (request: Incoming, tenant: string) => Promise<Outgoing>>(
    Object.entries({
      'v2.0/.well-known/openid-configuration': async (request: Incoming, tenant: string) => {
        const base = `${request.origin}/${tenant}`;
        return jsonAnswer(200, {
          token_endpoint: `${base}/oauth2/v2.0/token`,
          token_endpoint_auth_methods_supported: [
            'client_secret_post',
            'client_secret_basic',
            'private_key_jwt',
          ],
          jwks_uri: `${base}/discovery/v2.0/keys`,
          response_types_supported: ['token'],
          grant_types_supported: ['client_credentials'],
          subject_types_supported: ['pairwise'],
          id_token_signing_alg_values_supported: [key.algorithm],
          issuer: tokens.issuer(request.origin),
          authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        });
      },
      'discovery/v2.0/keys': async () => jsonAnswer(200, { keys: [key.publicJwk] }),
      'oauth2/v2.0/token': token,
    }),
  );

  return async (request) => {
    const [tenant = '', ...rest] = request.path.segments;
    const route = routes.get(rest.join('/').toLowerCase());
    if (route === undefined) return undefined;
    if (tenant.toLowerCase() !== tenantId) {
      return refuse(request, 400, 'invalid_request', 90002, `Tenant '${tenant}' not found.`);
    }
    return route(request, tenant);
  };

  async function token(request: Incoming): Promise<Outgoing> {
    if (request.method !== 'POST') {
      return refuse(request, 405, 'invalid_request', 900561, 'The endpoint only accepts POST.');
    }
    let form: ReadonlyMap<string, string>;
    try {
      form = await readFormBody(request);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return refuse(request, error.status, 'invalid_request', 900144, error.message);
    }
    const basic = readBasic(request.headers['authorization']);
    // Cut before it is kept anywhere: the throttle remembers names that strangers make up.
    const clientId = (basic?.clientId ?? form.get('client_id') ?? '')
      .slice(0, identityLimits.clientIdCharsMax)
      .toLowerCase();
    const address = `${clientId} ${request.callerIp}`;
    const waitMs = throttle.waitMs(address);
    if (waitMs > 0) {
      return refuse(request, 429, 'temporarily_unavailable', 50196, 'Too many failed attempts.', {
        'retry-after': String(Math.ceil(waitMs / 1000)),
      });
    }
    if (form.get('grant_type') !== 'client_credentials') {
      return refuse(
        request,
        400,
        'unsupported_grant_type',
        70003,
        'Only the grant type client_credentials is supported here.',
      );
    }
    const audience = tokens.audienceOf(form.get('scope') ?? '');
    if (audience === undefined) {
      return refuse(
        request,
        400,
        'invalid_scope',
        70011,
        'The scope must be the /.default scope of a resource of this service.',
      );
    }
    const { snapshot } = catalog;
    const application = snapshot.applications.get(clientId);
    const credentials = (snapshot.credentials.get(clientId) ?? []).filter(
      ({ expiresAt }) => expiresAt > clock.now(),
    );
    const secret = basic?.secret ?? form.get('client_secret');
    const assertion = form.get('client_assertion');
    const proved =
      secret !== undefined
        ? credentials.find(
            ({ kind, verifier }) => kind === 'secret' && secretMatches(secret, verifier),
          )
        : assertion !== undefined
          ? await proveByAssertion(assertion, clientId, credentials)
          : undefined;
    if (application === undefined || application.disabled || proved === undefined) {
      throttle.failed(address);
      return refuseClient(request, application, clientId, secret !== undefined);
    }
    throttle.succeeded(address);
    await audit.record({
      principal: {
        kind: 'Application',
        id: application.principalId,
        name: application.clientId,
        proof: 'token',
      },
      operation: 'Microsoft.Strongroom/tokens/issue/action',
      outcome: 'Succeeded',
      target: audience,
      callerIp: request.callerIp,
      correlationId: request.correlationId,
    });
    return jsonAnswer(200, {
      token_type: 'Bearer',
      expires_in: identityLimits.tokenLifetimeSeconds,
      ext_expires_in: identityLimits.tokenLifetimeSeconds,
      access_token: await tokens.issue({
        origin: request.origin,
        audience,
        clientId: application.clientId,
        principalId: application.principalId,
        credentialId: proved.id,
      }),
    });
  }

  async function refuseClient(
    request: Incoming,
    application: StoredApplication | undefined,
    clientId: string,
    withSecret: boolean,
  ): Promise<Outgoing> {
    await refusals.record({
      principal: { anonymous: true, claimed: clientId.slice(0, 64) },
      operation: 'Microsoft.Strongroom/tokens/issue/action',
      outcome: 'Refused',
      target: request.path.path,
      reason: application === undefined ? 'UnknownClient' : 'InvalidCredential',
      callerIp: request.callerIp,
      correlationId: request.correlationId,
    });
    // One answer for an unknown client and a wrong secret: ids are not to be found by trying.
    return withSecret
      ? refuse(request, 401, 'invalid_client', 7000215, 'Invalid client secret provided.')
      : refuse(request, 401, 'invalid_client', 700027, 'The client assertion was not accepted.');
  }

  /** The certificate of this client that signed the assertion (RFC 7523, azure-api.md §1.2). */
  async function proveByAssertion(
    assertion: string,
    clientId: string,
    credentials: readonly StoredCredential[],
  ): Promise<StoredCredential | undefined> {
    if (assertion.length > identityLimits.tokenCharsMax) return undefined;
    try {
      const header = decodeProtectedHeader(assertion);
      const thumbprint = header['x5t#S256'];
      for (const credential of credentials) {
        if (credential.kind !== 'certificate') continue;
        const certificate = new X509Certificate(credential.verifier);
        const digest = createHash('sha256').update(certificate.raw).digest('base64url');
        if (thumbprint !== undefined && thumbprint !== digest) continue;
        const { payload } = await jwtVerify(assertion, certificate.publicKey, {
          algorithms: ['PS256', 'RS256', 'ES256'],
          issuer: clientId,
          subject: clientId,
          currentDate: new Date(clock.now()),
          clockTolerance: identityLimits.clockToleranceSeconds,
          requiredClaims: ['exp', 'jti', 'aud'],
        });
        const now = clock.now();
        const expiresAt = (payload.exp ?? 0) * 1000;
        if (expiresAt - now > identityLimits.assertionLifetimeSecondsMax * 1000) return undefined;
        if (!isTokenEndpoint(payload.aud)) return undefined;
        const use = secretHash(`${clientId} ${payload.jti ?? ''}`);
        for (const [old, until] of usedAssertions) if (until < now) usedAssertions.delete(old);
        if (usedAssertions.has(use)) return undefined;
        usedAssertions.set(use, expiresAt + identityLimits.clockToleranceSeconds * 1000);
        return credential;
      }
    } catch {
      // Malformed, expired or signed by another key: not proved.
    }
    return undefined;
  }

  function isTokenEndpoint(audience: unknown): boolean {
    if (typeof audience !== 'string') return false;
    const end = `/${tenantId}/oauth2/v2.0/token`;
    return (
      audience.endsWith(end) &&
      tokens.audienceOf(`${audience.slice(0, -end.length)}/.default`) !== undefined
    );
  }

  function refuse(
    request: Incoming,
    status: number,
    error: string,
    code: number,
    description: string,
    headers: Readonly<Record<string, string>> = {},
  ): Outgoing {
    const now = new Date(clock.now()).toISOString().replace('T', ' ').slice(0, 19);
    return jsonAnswer(
      status,
      {
        error,
        error_description: `AADSTS${code}: ${description} Trace ID: ${request.correlationId} Timestamp: ${now}Z`,
        error_codes: [code],
        timestamp: `${now}Z`,
        trace_id: request.correlationId,
        correlation_id: request.headers['client-request-id'] ?? random.uuid(),
      },
      headers,
    );
  }
}

/** Client id and secret of a Basic header; both parts are form-encoded (RFC 6749 §2.3.1). */
function readBasic(header: string | undefined): { clientId: string; secret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    return {
      clientId: decodeURIComponent(text.slice(0, colon)),
      secret: decodeURIComponent(text.slice(colon + 1)),
    };
  } catch {
    return undefined;
  }
}
