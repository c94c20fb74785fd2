import * as oidc from 'openid-client';
import { fromUtf8, utf8 } from '@strongroom/base';
import { cliError } from './errors.js';
import { readJson } from './connection.js';
import type { ClientResponse, Connection } from './connection.js';
import type { Profile } from './profile.js';

/** The client that people sign in with at a terminal: public, registered by the service. */
const clientId = 'strongroom-cli';
const scope = 'openid offline_access';
/** A loopback address (RFC 8252 §7.3). Nothing listens there: the code is read from the redirect. */
const redirectUri = 'http://127.0.0.1/callback';

export interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
}

/** Fetch over our own connection, so that the service's authority is all that is trusted. */
function fetchOver(connection: Connection): oidc.CustomFetch {
  return async (url, options) => {
    const target = new URL(url);
    const { body } = options;
    const response = await connection.send({
      method: options.method,
      path: `${target.pathname}${target.search}`,
      headers: Object.fromEntries(Object.entries(options.headers)),
      ...(body === undefined || body === null ? {} : { body: bodyText(body) }),
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    const noBody = response.status === 204 || response.status === 304;
    return new Response(noBody ? null : Buffer.from(response.body), {
      status: response.status,
      headers,
    });
  };
}

function bodyText(body: oidc.FetchBody): string {
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  if (body instanceof Uint8Array) return fromUtf8(body);
  throw cliError('CLI_FAILED', 'The sign-in request has a body of an unknown kind.');
}

async function discover(connection: Connection): Promise<oidc.Configuration> {
  return oidc.discovery(
    new URL(`${connection.url}/oidc`),
    clientId,
    { token_endpoint_auth_method: 'none' },
    oidc.None(),
    { [oidc.customFetch]: fetchOver(connection) },
  );
}

function signedIn(tokens: oidc.TokenEndpointResponse, previous?: string): SignedIn {
  const refreshToken = tokens.refresh_token ?? previous;
  if (refreshToken === undefined) {
    throw cliError('CLI_FAILED', 'The service gave no refresh token.');
  }
  return {
    accessToken: tokens.access_token,
    refreshToken,
    expiresInSeconds: tokens.expires_in ?? 600,
  };
}

/** A fresh access token for a stored sign-in. Throws `CLI_NOT_SIGNED_IN` where it has ended. */
export async function refresh(connection: Connection, refreshToken: string): Promise<SignedIn> {
  const configuration = await discover(connection);
  try {
    const tokens = await oidc.refreshTokenGrant(configuration, refreshToken);
    return signedIn(tokens, refreshToken);
  } catch (cause) {
    throw cliError('CLI_NOT_SIGNED_IN', 'The sign-in has ended.', {
      hint: 'Sign in again with `strongroom login`.',
      cause,
    });
  }
}

/** Signs in on another device (RFC 8628): shows where to go and which code to enter, and waits. */
export async function signInOnDevice(
  connection: Connection,
  show: (url: string, code: string) => void,
): Promise<SignedIn> {
  const configuration = await discover(connection);
  const flow = await oidc.initiateDeviceAuthorization(configuration, { scope });
  show(flow.verification_uri, flow.user_code);
  try {
    return signedIn(await oidc.pollDeviceAuthorizationGrant(configuration, flow));
  } catch (cause) {
    throw cliError('CLI_NOT_SIGNED_IN', 'The sign-in was refused or took too long.', { cause });
  }
}

/**
 * Signs in with a password at the terminal, for machines without a browser: the authorization code
 * flow with PKCE, in which this client itself fills in the service's sign-in form.
 */
export async function signInHere(
  connection: Connection,
  user: { readonly name: string; readonly password: string },
): Promise<SignedIn> {
  const configuration = await discover(connection);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const start = oidc.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope,
    prompt: 'consent',
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const callback = await walk(connection, start, user);
  const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
  });
  return signedIn(tokens);
}

const redirectsMax = 12;

/** Follows the service's own redirects, fills in its form once, and ends at the callback. */
async function walk(
  connection: Connection,
  start: URL,
  user: { readonly name: string; readonly password: string },
): Promise<URL> {
  const cookies = new Map<string, string>();
  let method = 'GET';
  let target = start;
  let form: URLSearchParams | undefined;
  let filled = false;
  for (let hop = 0; hop < redirectsMax; hop += 1) {
    const response = await connection.send({
      method,
      path: `${target.pathname}${target.search}`,
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        accept: 'text/html',
        ...(form === undefined
          ? {}
          : { 'content-type': 'application/x-www-form-urlencoded', origin: connection.url }),
      },
      ...(form === undefined ? {} : { body: form.toString() }),
    });
    keepCookies(cookies, response);
    const location = response.headers['location'];
    if (typeof location === 'string') {
      target = new URL(location, target);
      if (target.href.startsWith(redirectUri)) return target;
      if (target.origin !== connection.url) break;
      method = 'GET';
      form = undefined;
      continue;
    }
    const page = fromUtf8(response.body);
    const action = /<form[^>]*\baction="([^"]+)"/.exec(page)?.[1];
    if (response.status >= 400 && !page.includes('<form')) readJson(response);
    if (action === undefined || filled) {
      throw cliError('CLI_NOT_SIGNED_IN', 'The user name or the password is wrong.');
    }
    form = new URLSearchParams();
    for (const [, input] of page.matchAll(/<input([^>]*)>/g)) {
      const name = /\bname="([^"]*)"/.exec(input ?? '')?.[1];
      if (name !== undefined) form.set(name, /\bvalue="([^"]*)"/.exec(input ?? '')?.[1] ?? '');
    }
    if (form.has('password')) {
      form.set('username', user.name);
      form.set('password', user.password);
      filled = true;
    }
    target = new URL(action.replaceAll('&amp;', '&'), target);
    method = 'POST';
  }
  throw cliError('CLI_FAILED', 'The sign-in did not come to an end.');
}

function keepCookies(cookies: Map<string, string>, response: ClientResponse): void {
  const set = response.headers['set-cookie'];
  for (const line of Array.isArray(set) ? set : []) {
    const [pair = ''] = line.split(';');
    const equals = pair.indexOf('=');
    if (equals < 1) continue;
    const value = pair.slice(equals + 1);
    if (value === '') cookies.delete(pair.slice(0, equals));
    else cookies.set(pair.slice(0, equals), value);
  }
}

/** An access token for an application (client credentials, RFC 6749 §4.4). */
export async function applicationToken(
  connection: Connection,
  profile: Profile & { readonly credential: { readonly kind: 'application' } },
): Promise<{ accessToken: string; expiresInSeconds: number }> {
  const response = await connection.send({
    method: 'POST',
    path: `/${encodeURIComponent(profile.tenantId)}/oauth2/v2.0/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: utf8(
      new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: profile.credential.clientId,
        client_secret: profile.credential.clientSecret,
        scope: `${connection.url}/.default`,
      }).toString(),
    ),
  });
  if (response.status !== 200) {
    throw cliError('CLI_NOT_SIGNED_IN', `The service refused the secret in ${profile.source}.`, {
      hint: 'It ends after 24 hours and is made anew when the service starts.',
    });
  }
  const body = readJson(response) as { access_token: string; expires_in: number };
  return { accessToken: body.access_token, expiresInSeconds: Number(body.expires_in) };
}
