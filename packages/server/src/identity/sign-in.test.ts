import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from '@strongroom/platform';
import { openControlPlane } from '../control-plane-fixture.test.js';
import type { ControlPlane } from '../control-plane-fixture.test.js';

// The provider keeps its own time, so these flows run by the machine's clock.
let plane: ControlPlane;
let password: string;
let port: number;
let closeServer: () => Promise<void>;
const origin = 'https://localhost:8443';

before(async () => {
  plane = await openControlPlane(systemClock);
  password = (await plane.start()).administrator!.password;
  const { certificatePem, privateKeyPem } = await plane.authority.issueServerCertificate({
    names: ['localhost', '127.0.0.1'],
    days: 1,
  });
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    plane.oidc.handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  closeServer = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
});
after(async () => {
  await closeServer();
  await plane.close();
});

interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A browser with one jar of cookies. */
function browser() {
  const cookies = new Map<string, string>();
  return {
    cookies,
    send: (method: string, path: string, form?: Record<string, string>): Promise<Page> =>
      new Promise((resolve, reject) => {
        const body = form === undefined ? undefined : new URLSearchParams(form).toString();
        const outgoing = httpsRequest(
          {
            host: '127.0.0.1',
            port,
            method,
            path,
            ca: plane.authority.certificatePem,
            agent: false,
            headers: {
              host: 'localhost:8443',
              cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
              ...(body === undefined
                ? {}
                : {
                    origin,
                    'content-type': 'application/x-www-form-urlencoded',
                    'content-length': String(Buffer.byteLength(body)),
                  }),
            },
          },
          (response) => {
            for (const line of response.headers['set-cookie'] ?? []) {
              const [pair = ''] = line.split(';');
              const equals = pair.indexOf('=');
              if (pair.slice(equals + 1) === '') cookies.delete(pair.slice(0, equals));
              else cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
              assert.match(line, /secure/i);
              assert.match(line, /httponly/i);
            }
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (chunk: string) => (text += chunk));
            response.once('end', () =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
            );
          },
        );
        outgoing.once('error', reject);
        outgoing.end(body);
      }),
  };
}

const pathOf = (location: string | undefined): string => {
  const url = new URL(location ?? '', origin);
  return url.pathname + url.search;
};

/** Follows redirects within the provider and fills in the form; ends at the client's address. */
async function signIn(
  user: ReturnType<typeof browser>,
  start: string,
  given: { username: string; password: string },
): Promise<URL | Page> {
  let page = await user.send('GET', pathOf(start));
  for (let hop = 0; hop < 8; hop += 1) {
    const { location } = page.headers;
    if (location !== undefined) {
      const target = new URL(location, origin);
      if (target.pathname.endsWith('/callback')) return target;
      page = await user.send('GET', target.pathname + target.search);
      continue;
    }
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1];
    if (action === undefined || page.status !== 200) return page;
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
    page = await user.send('POST', action, given);
    if (page.headers.location === undefined) return page;
  }
  return page;
}

test('a person signs in to the portal and out again', async () => {
  const user = browser();
  const started = await plane.call('GET', '/auth/sign-in?returnTo=%2Fportal%2Fagents');
  assert.equal(started.status, 303);
  const flow = started.headers['set-cookie']!.split(';')[0]!;
  const target = await signIn(user, started.headers['location']!, { username: 'admin', password });
  assert.ok(target instanceof URL, JSON.stringify(target));
  const callback = target.pathname + target.search;

  const stolen = await plane.call('GET', callback);
  assert.equal(stolen.status, 400, 'the code is of no use in another browser');
  const finished = await plane.call('GET', callback, { headers: { cookie: flow } });
  assert.equal(finished.status, 303, finished.text);
  assert.equal(finished.headers['location'], '/portal/agents');
  const setCookie = finished.headers['set-cookie']!;
  assert.match(
    setCookie,
    /^__Host-strongroom-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
  );
  assert.equal((await plane.call('GET', callback, { headers: { cookie: flow } })).status, 400);

  const cookie = setCookie.split(';')[0]!;
  const session = await plane.call('GET', '/api/session', { headers: { cookie } });
  assert.equal(session.json.user.name, 'admin');
  assert.equal((await plane.call('POST', '/auth/sign-out', { headers: { cookie } })).status, 403);
  const out = await plane.call('POST', '/auth/sign-out', {
    headers: { cookie, 'x-strongroom-csrf': session.json.csrfToken },
  });
  assert.equal(out.status, 204);
  assert.match(out.headers['clear-site-data']!, /"cache"/);
  assert.equal((await plane.call('GET', '/api/session', { headers: { cookie } })).status, 401);
  assert.ok(
    plane.events.some(({ operation }) => operation === 'Microsoft.Strongroom/signOut/action'),
  );
});

test('the way back leads to the portal and nowhere else', async () => {
  for (const returnTo of [
    'https://evil.example/',
    '//evil.example',
    '/portal\\evil',
    '/other',
    '/portal/\n',
  ]) {
    const user = browser();
    const started = await plane.call(
      'GET',
      `/auth/sign-in?returnTo=${encodeURIComponent(returnTo)}`,
    );
    const flow = started.headers['set-cookie']!.split(';')[0]!;
    const target = await signIn(user, started.headers['location']!, {
      username: 'admin',
      password,
    });
    assert.ok(target instanceof URL);
    const finished = await plane.call('GET', target.pathname + target.search, {
      headers: { cookie: flow },
    });
    assert.equal(finished.headers['location'], '/portal/', returnTo);
  }
});

test('a wrong password shows the form again, without the password, and escapes the name', async () => {
  const started = await plane.call('GET', '/auth/sign-in');
  const page = await signIn(browser(), started.headers['location']!, {
    username: '"><script>alert(1)</script>',
    password: 'not-this-one',
  });
  assert.ok(!(page instanceof URL));
  assert.equal(page.status, 401);
  assert.match(page.text, /role="alert"/);
  assert.ok(!page.text.includes('<script>') && !page.text.includes('not-this-one'));
});

/** What the command line does: code with PKCE on a loopback address. */
async function terminalTokens(): Promise<{ access_token: string; refresh_token: string }> {
  const verifier = randomBytes(32).toString('base64url');
  const start = `/oidc/auth?${new URLSearchParams({
    client_id: 'strongroom-cli',
    response_type: 'code',
    scope: 'openid offline_access',
    prompt: 'consent',
    redirect_uri: 'http://127.0.0.1/callback',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()}`;
  const target = await signIn(browser(), start, { username: 'admin', password });
  assert.ok(target instanceof URL, JSON.stringify(target));
  const form = {
    client_id: 'strongroom-cli',
    grant_type: 'authorization_code',
    code: target.searchParams.get('code') ?? '',
    redirect_uri: 'http://127.0.0.1/callback',
  };
  const without = await browser().send('POST', '/oidc/token', {
    ...form,
    code_verifier: 'x'.repeat(43),
  });
  assert.equal(without.status, 400, 'the code is of no use without the verifier');
  const again = await signIn(browser(), start, { username: 'admin', password });
  assert.ok(again instanceof URL);
  const got = await browser().send('POST', '/oidc/token', {
    ...form,
    code: again.searchParams.get('code') ?? '',
    code_verifier: verifier,
  });
  assert.equal(got.status, 200, got.text);
  return JSON.parse(got.text);
}

const refresh = (token: string): Promise<Page> =>
  browser().send('POST', '/oidc/token', {
    client_id: 'strongroom-cli',
    grant_type: 'refresh_token',
    refresh_token: token,
  });

test('the terminal’s token opens queries, ARM and the portal’s paths; its refresh token is used once', async () => {
  const tokens = await terminalTokens();
  const authorization = `Bearer ${tokens.access_token}`;
  for (const each of ['query', 'management', 'portal'] as const) {
    const principal = await plane.authenticate(each, { headers: { authorization } });
    assert.deepEqual([principal.kind, principal.name], ['User', 'admin']);
  }
  const renewed = await refresh(tokens.refresh_token);
  assert.equal(renewed.status, 200, renewed.text);
  assert.equal((await refresh(tokens.refresh_token)).status, 400, 'a used one ends the grant');
  assert.equal((await refresh(JSON.parse(renewed.text).refresh_token)).status, 400);
});

test('a device signs in with a code that a person confirms', async () => {
  const started = await browser().send('POST', '/oidc/device/auth', {
    client_id: 'strongroom-cli',
    scope: 'openid offline_access',
  });
  assert.equal(started.status, 200, started.text);
  const { device_code, user_code, verification_uri } = JSON.parse(started.text);
  assert.equal(verification_uri, `${origin}/oidc/device`);
  const poll = () =>
    browser().send('POST', '/oidc/token', {
      client_id: 'strongroom-cli',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code,
    });
  assert.equal(JSON.parse((await poll()).text).error, 'authorization_pending');
  const user = browser();
  const inputs = (page: Page): Record<string, string> =>
    Object.fromEntries(
      [...page.text.matchAll(/<input[^>]*name="([^"]+)"[^>]*>/g)].map(([tag, name]) => [
        name!,
        /value="([^"]*)"/.exec(tag)?.[1] ?? '',
      ]),
    );
  let page = await user.send('GET', '/oidc/device');
  assert.ok(!/ on[a-z]+=/.test(page.text), 'no inline handlers');
  page = await user.send('POST', '/oidc/device', { ...inputs(page), user_code });
  assert.match(page.text, new RegExp(user_code));
  page = await user.send('POST', '/oidc/device', { ...inputs(page), confirm: 'yes' });
  for (let hop = 0; hop < 8 && !page.text.includes('signed in'); hop += 1) {
    if (page.headers.location !== undefined) {
      page = await user.send('GET', pathOf(page.headers.location));
      continue;
    }
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1];
    assert.ok(action !== undefined, page.text);
    page = await user.send('POST', action, { username: 'admin', password });
  }
  assert.match(page.text, /Your terminal is signed in/);
  const got = await poll();
  assert.equal(got.status, 200, got.text);
});
