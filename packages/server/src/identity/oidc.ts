import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { duplexPair } from 'node:stream';
import { createPublicKey } from 'node:crypto';
import { jwtVerify } from 'jose';
import { interactionPolicy, Provider } from './oidc-package.js';
import type { Configuration, Grant, Provider as OidcProvider } from 'oidc-provider';
import { isGuid, principalId } from '@strongroom/base';
import type { Clock, PrincipalId, Random } from '@strongroom/base';
import type { TokenKey } from '@strongroom/keys';
import type { Catalog } from '../catalog/open-catalog.js';
import { HttpError } from '../http/errors.js';
import { readFormBody } from '../http/read-body.js';
import { createGrantAdapter } from './grant-adapter.js';
import { identityLimits } from './limits.js';
import { escapeHtml, messagePage, pageHeaders, renderPage, signInPage } from './pages.js';
import type { CheckPassword } from './password-check.js';
import { newSecret } from './secrets.js';
import { userAudience } from './tokens.js';

/** Path under which the provider is mounted. */
export const oidcPrefix = '/oidc';
const portalClientId = 'strongroom-portal';
const cliClientId = 'strongroom-cli';

/** People's sign-in: our own OpenID provider (panva's `oidc-provider`) and its pages. */
export interface Oidc {
  /** Serves everything below {@link oidcPrefix}; the listener has checked the host name. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Where the portal sends a browser that is to sign in. */
  authorizationUrl(
    origin: string,
    flow: { state: string; nonce: string; challenge: string },
  ): string;
  /** Exchanges the portal's code. Resolves to the user, or `undefined` for a code that is no good. */
  redeem(
    origin: string,
    flow: { code: string; verifier: string; nonce: string },
  ): Promise<PrincipalId | undefined>;
}

/** How long things live, in seconds. */
const lifetimes = {
  accessToken: 3_600,
  code: 60,
  deviceCode: 600,
  interaction: 600,
  idToken: 600,
  cliGrant: 90 * 86_400,
  cliRefreshToken: 30 * 86_400,
  portalGrant: 600,
  session: 600,
} as const;

export function createOidc(options: {
  catalog: Catalog;
  checkPassword: CheckPassword;
  key: TokenKey;
  /** Signs the provider's cookies. */
  cookieSecret: string;
  clock: Clock;
  random: Random;
}): Oidc {
  const { catalog, key, random } = options;
  const adapter = createGrantAdapter({ grants: catalog.grants, clock: options.clock });
  // The portal is this very process: its secret never leaves it and is new with each start.
  const portalSecret = newSecret(random, '');
  const publicKey = createPublicKey(key.publicKeyPem);
  /** One provider for each name that clients call us by: an issuer is on the origin that it serves. */
  const providers = new Map<
    string,
    { provider: OidcProvider; callback: ReturnType<OidcProvider['callback']> }
  >();

  const providerOf = (origin: string) => {
    const known = providers.get(origin);
    if (known !== undefined) return known;
    const provider = new Provider(
      `${origin}${oidcPrefix}`,
      configure({ ...options, adapter, portalSecret, origin }),
    );
    provider.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        if (!isUnbegunSession(error)) throw error;
        ctx.status = 400;
        ctx.set(pageHeaders);
        ctx.body = messagePage('Sign in', 'This sign-in has ended. Start it again.');
      }
    });
    const made = { provider, callback: provider.callback() };
    // A host name of ours with any port is an origin: whoever counts through the ports gets no
    // more of our memory than this. What a sign-in needs is in the storage that all share.
    if (providers.size >= identityLimits.originsMax) {
      const oldest = providers.keys().next();
      if (oldest.done !== true) providers.delete(oldest.value);
    }
    providers.set(origin, made);
    return made;
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const origin = `https://${(request.headers.host ?? '').toLowerCase()}`;
    const url = request.url ?? '/';
    // Here the path counts as it is written: other spellings of the prefix lead nowhere.
    if (!url.startsWith(`${oidcPrefix}/`)) {
      sendPage(response, 404, messagePage('Sign in', 'Nothing is served at this path.'));
      return;
    }
    const { provider, callback } = providerOf(origin);
    const uid = /^\/oidc\/interaction\/([\w-]{1,64})$/.exec(url.split('?')[0] ?? '')?.[1];
    if (uid !== undefined) {
      await interact(provider, { request, response, uid, origin });
      return;
    }
    // Koa and the provider find their mount path by what was cut off.
    const mounted = Object.assign(request, { originalUrl: url });
    mounted.url = url.slice(oidcPrefix.length) || '/';
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    await callback(mounted, response);
  }

  async function interact(
    provider: OidcProvider,
    at: { request: IncomingMessage; response: ServerResponse; uid: string; origin: string },
  ): Promise<void> {
    const { request, response, uid, origin } = at;
    let details: Awaited<ReturnType<OidcProvider['interactionDetails']>>;
    try {
      details = await provider.interactionDetails(request, response);
    } catch {
      sendPage(response, 400, messagePage('Sign in', 'This sign-in has ended. Start it again.'));
      return;
    }
    if (details.uid !== uid) {
      sendPage(response, 400, messagePage('Sign in', 'This sign-in has ended. Start it again.'));
      return;
    }
    const { prompt, params, session } = details;
    const action = `${oidcPrefix}/interaction/${uid}`;
    if (prompt.name === 'consent' && session?.accountId !== undefined) {
      // The clients are our own: there is nothing that a person could decide here.
      const grantId = await saveGrant(provider, session.accountId, params);
      await provider.interactionFinished(request, response, { consent: { grantId } });
      return;
    }
    if (request.method !== 'POST') {
      sendPage(response, 200, signInPage({ action, userName: '' }));
      return;
    }
    if (request.headers.origin !== undefined && request.headers.origin !== origin) {
      sendPage(response, 403, messagePage('Sign in', 'The form came from another site.'));
      return;
    }
    await submit(provider, { request, response, action, params });
  }

  async function submit(
    provider: OidcProvider,
    at: {
      request: IncomingMessage;
      response: ServerResponse;
      action: string;
      params: Record<string, unknown>;
    },
  ): Promise<void> {
    const { request, response, action, params } = at;
    let userName = '';
    try {
      const form = await readFormBody({ headers: textHeaders(request), body: request });
      userName = form.get('username') ?? '';
      const verdict = await options.checkPassword({
        userName,
        password: form.get('password') ?? '',
        callerIp: request.socket.remoteAddress ?? '',
        operation: 'Microsoft.Strongroom/signIn/action',
      });
      if ('user' in verdict) {
        const accountId = verdict.user.id;
        const grantId = await saveGrant(provider, accountId, params);
        await provider.interactionFinished(
          request,
          response,
          { login: { accountId, remember: false }, consent: { grantId } },
          { mergeWithLastSubmission: false },
        );
        return;
      }
      const waits = verdict.refused === 'wait';
      const error = waits
        ? `Too many attempts. Try again in ${verdict.seconds} seconds.`
        : 'The user name or the password is wrong.';
      if (waits) response.setHeader('retry-after', String(verdict.seconds));
      sendPage(response, waits ? 429 : 401, signInPage({ action, userName, error }));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      sendPage(response, error.status, signInPage({ action, userName, error: error.message }));
    }
  }

  return {
    handle,
    authorizationUrl: (origin, { state, nonce, challenge }) =>
      `${origin}${oidcPrefix}/auth?${new URLSearchParams({
        client_id: portalClientId,
        response_type: 'code',
        redirect_uri: `${origin}/auth/callback`,
        scope: 'openid',
        prompt: 'login',
        state,
        nonce,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }).toString()}`,
    redeem: async (origin, { code, verifier, nonce }) => {
      const body = new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: portalClientId,
        client_secret: portalSecret,
        redirect_uri: `${origin}/auth/callback`,
        code,
        code_verifier: verifier,
      }).toString();
      const answer = await requestInside(handle, { origin, path: `${oidcPrefix}/token`, body });
      const idToken = readIdToken(answer);
      if (idToken === undefined) return undefined;
      const { payload } = await jwtVerify(idToken, publicKey, {
        issuer: `${origin}${oidcPrefix}`,
        audience: portalClientId,
        algorithms: [key.algorithm],
        currentDate: new Date(options.clock.now()),
        clockTolerance: identityLimits.clockToleranceSeconds,
      });
      if (payload['nonce'] !== nonce || payload.sub === undefined || !isGuid(payload.sub)) {
        return undefined;
      }
      return principalId(payload.sub);
    },
  };
}

const securityHeaders = {
  ...pageHeaders,
  'content-type': 'application/json; charset=utf-8',
} as const;

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, pageHeaders);
  response.end(html);
}

const textHeaders = (request: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );

async function saveGrant(
  provider: OidcProvider,
  accountId: string,
  params: Record<string, unknown>,
): Promise<string> {
  const clientId = typeof params['client_id'] === 'string' ? params['client_id'] : '';
  const grant: Grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(userAudience, 'api');
  return grant.save();
}

function configure(options: {
  catalog: Catalog;
  key: TokenKey;
  cookieSecret: string;
  adapter: NonNullable<Configuration['adapter']>;
  portalSecret: string;
  origin: string;
}): Configuration {
  const { catalog, key } = options;
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  // Every flow asks for the password: a browser that once signed in does not sign in a stranger.
  policy.get('login')?.checks.add(
    new Check('fresh_login', 'Each sign-in asks for the password.', (ctx) => {
      const result = ctx.oidc.result as { login?: unknown } | undefined;
      return result?.login === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
    }),
  );
  return {
    adapter: options.adapter,
    clients: [
      {
        client_id: portalClientId,
        client_name: 'Strongroom portal',
        client_secret: options.portalSecret,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [`${options.origin}/auth/callback`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: key.algorithm,
      },
      {
        client_id: cliClientId,
        client_name: 'Strongroom command line',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        // Any port counts (RFC 8252 §7.3). Not `[::1]`: a content policy cannot name it.
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: [
          'authorization_code',
          'refresh_token',
          'urn:ietf:params:oauth:grant-type:device_code',
        ],
        response_types: ['code'],
        id_token_signed_response_alg: key.algorithm,
      },
    ],
    jwks: { keys: [key.privateJwk] },
    cookies: {
      keys: [options.cookieSecret],
      names: {
        session: 'strongroom-oidc',
        interaction: 'strongroom-interaction',
        resume: 'strongroom-resume',
      },
      short: { httpOnly: true, sameSite: 'lax', secure: true, signed: true },
      long: { httpOnly: true, sameSite: 'lax', secure: true, signed: true, path: oidcPrefix },
    },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'] },
    pkce: { required: () => true },
    responseTypes: ['code'],
    clientBasedCORS: (_ctx, origin) => origin === options.origin,
    clientAuthMethods: ['client_secret_post', 'none'],
    enabledJWA: {
      idTokenSigningAlgValues: [key.algorithm],
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true },
      deviceFlow: {
        enabled: true,
        mask: '****-****',
        charset: 'base-20',
        userCodeInputSource: async (ctx, form, _out, error) => {
          ctx.set(pageHeaders);
          const message =
            error === undefined
              ? 'Enter the code that your terminal shows.'
              : 'That code is not right. Try again.';
          ctx.body = renderPage(
            'Sign in a terminal',
            `<p class="note">${message}</p>${withoutScript(form)}
             <p><button type="submit" form="op.deviceInputForm">Continue</button></p>`,
          );
        },
        userCodeConfirmSource: async (ctx, form, client, _device, userCode) => {
          ctx.set(pageHeaders);
          ctx.body = renderPage(
            'Sign in a terminal',
            `<p class="note">${escapeHtml(client.clientName ?? client.clientId)} shows this code:</p>
             <h1>${escapeHtml(userCode)}</h1>
             <p class="note">Go on only if you see it on your own terminal.</p>${withoutScript(form)}
             <p><button type="submit" form="op.deviceConfirmForm">Continue</button></p>
             <p><button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button></p>`,
          );
        },
        successSource: async (ctx) => {
          ctx.set(pageHeaders);
          ctx.body = messagePage('Signed in', 'Your terminal is signed in. Close this page.');
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => userAudience,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_ctx, indicator) => {
          if (indicator !== userAudience) throw new InvalidTarget();
          return {
            scope: 'api',
            audience: userAudience,
            accessTokenTTL: lifetimes.accessToken,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: key.algorithm } },
          };
        },
      },
    },
    findAccount: async (_ctx, sub, token) => {
      if (!isGuid(sub)) return undefined;
      const user = catalog.snapshot.users.get(principalId(sub));
      if (user === undefined || user.disabled) return undefined;
      // A changed password or an ended access takes the refresh tokens from before it along.
      const issued = (token as { iiat?: number; iat?: number } | undefined) ?? {};
      const since = issued.iiat ?? issued.iat;
      if (since !== undefined && since < Math.floor(user.validAfter / 1000)) return undefined;
      return { accountId: user.id, claims: async () => ({ sub: user.id }) };
    },
    interactions: {
      url: (_ctx, interaction) => `${oidcPrefix}/interaction/${interaction.uid}`,
      policy,
    },
    issueRefreshToken: async (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access'),
    renderError: async (ctx, out) => {
      ctx.set(pageHeaders);
      ctx.body = messagePage('Sign in', `The sign-in could not go on (${out.error}).`);
    },
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: lifetimes.code,
      DeviceCode: lifetimes.deviceCode,
      IdToken: lifetimes.idToken,
      Interaction: lifetimes.interaction,
      Session: lifetimes.session,
      RefreshToken: lifetimes.cliRefreshToken,
      Grant: (_ctx, grant) =>
        grant.clientId === cliClientId ? lifetimes.cliGrant : lifetimes.portalGrant,
    },
  };
}

/** An error that the provider answers as `invalid_target`. */
class InvalidTarget extends Error {
  readonly error = 'invalid_target';
  readonly status = 400;
  readonly statusCode = 400;
  readonly expose = true;
}

/**
 * What the provider fails with where a form comes without the session of its page: it means to save
 * a session that was never begun. Anybody can send that; it is no failure of the service.
 */
const isUnbegunSession = (error: unknown): boolean =>
  error instanceof TypeError && error.message.startsWith('persist can only be called');

/** The provider's own forms carry an inline handler, which our policy forbids. */
const withoutScript = (form: string): string => form.replaceAll(/ on[a-z]+="[^"]*"/g, '');

function readIdToken(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || !('id_token' in parsed)) return undefined;
    return typeof parsed.id_token === 'string' ? parsed.id_token : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One HTTP exchange with a handler of this very process, over a pair of streams: the code exchange
 * is the provider's own, and no connection leaves the process or trusts a certificate for it.
 */
async function requestInside(
  handle: Oidc['handle'],
  of: { origin: string; path: string; body: string },
): Promise<string> {
  const [near, far] = duplexPair();
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  // Koa asks the socket whether the connection is safe; this one never left the process.
  server.emit('connection', Object.assign(far, { encrypted: true, remoteAddress: '' }));
  try {
    return await new Promise<string>((resolve, reject) => {
      const request = httpRequest(
        {
          method: 'POST',
          path: of.path,
          createConnection: () => near,
          headers: {
            host: new URL(of.origin).host,
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': Buffer.byteLength(of.body),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.once('end', () => resolve(text));
          response.once('error', reject);
        },
      );
      request.once('error', reject);
      request.end(of.body);
    });
  } finally {
    near.destroy();
    far.destroy();
  }
}
