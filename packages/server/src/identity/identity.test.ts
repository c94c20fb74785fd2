import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { SignJWT, decodeJwt } from 'jose';
import { ManualClock } from '@strongroom/testkit';
import { openControlPlane } from '../control-plane-fixture.test.js';
import type { ControlPlane } from '../control-plane-fixture.test.js';
import { identityLimits } from './limits.js';
import type { Plane } from './tokens.js';

const clock = new ManualClock();
let plane: ControlPlane;
let file: Record<string, string>;
let password: string;

before(async () => {
  plane = await openControlPlane(clock);
  const made = await plane.start();
  file = JSON.parse(await readFile(made.file!, 'utf8'));
  password = made.administrator!.password;
});
after(() => plane.close());

const credentials = () => ({ clientId: file['clientId']!, clientSecret: file['clientSecret']! });
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const form = (change: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: file['clientId']!,
  client_secret: file['clientSecret']!,
  scope: 'https://monitor.azure.com/.default',
  ...change,
});
const ask = (change: Record<string, string>, callerIp = '192.0.2.9') =>
  plane.call('POST', `/${plane.tenantId}/oauth2/v2.0/token`, { form: form(change), callerIp });

test('discovery mirrors the origin that the client called', async () => {
  for (const origin of ['https://localhost:8443', 'https://127.0.0.1:8443']) {
    const { json } = await plane.call(
      'GET',
      `/${plane.tenantId}/v2.0/.well-known/openid-configuration`,
      { origin },
    );
    assert.equal(new URL(json.issuer).origin, origin);
    for (const name of ['token_endpoint', 'authorization_endpoint', 'jwks_uri']) {
      assert.ok(json[name].startsWith(`${origin}/`), name);
    }
  }
  const { json } = await plane.call('GET', `/${plane.tenantId}/discovery/v2.0/keys`);
  assert.deepEqual(Object.keys(json.keys[0]).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('each refusal of a token has its OAuth and AADSTS code', async () => {
  const cases: [Record<string, string>, number, string, number][] = [
    [{ client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    [{ client_id: crypto.randomUUID() }, 401, 'invalid_client', 7000215],
    [{ scope: 'https://graph.microsoft.com/.default' }, 400, 'invalid_scope', 70011],
    [{ scope: 'https://monitor.azure.com' }, 400, 'invalid_scope', 70011],
    [{ scope: `${'/'.repeat(20_000)}x` }, 400, 'invalid_scope', 70011],
    [{ scope: '/.default' }, 400, 'invalid_scope', 70011],
    [{ scope: 'https://evil.example:8443/.default' }, 400, 'invalid_scope', 70011],
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
  ];
  for (const [change, status, error, code] of cases) {
    const answer = await ask(change);
    assert.deepEqual(
      [answer.status, answer.json.error, answer.json.error_codes],
      [status, error, [code]],
    );
    assert.ok(answer.json.error_description.startsWith(`AADSTS${code}: `));
    assert.ok(!answer.text.includes(file['clientSecret']!), 'no secret in an error');
  }
  const elsewhere = await plane.call('POST', `/${crypto.randomUUID()}/oauth2/v2.0/token`, {
    form: form(),
  });
  assert.equal(elsewhere.json.error_codes[0], 90002);
  assert.equal((await plane.call('GET', `/${plane.tenantId}/oauth2/v2.0/token`)).status, 405);
  assert.equal(
    (await plane.call('POST', `/${plane.tenantId}/oauth2/v2.0/token`, { body: form() })).status,
    415,
  );
});

test('a secret is taken from the form and from Basic, with claims and a double slash', async () => {
  const answer = await ask({
    scope: 'https://monitor.azure.com//.default',
    claims: '{"access_token":{}}',
  });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.json.token_type, answer.json.expires_in], ['Bearer', 3599]);
  assert.equal(decodeJwt(answer.json.access_token).aud, 'https://monitor.azure.com');
  const basic = Buffer.from(
    `${file['clientId']}:${encodeURIComponent(file['clientSecret']!)}`,
  ).toString('base64');
  const second = await plane.call('POST', `/${plane.tenantId}/oauth2/v2.0/token`, {
    form: { grant_type: 'client_credentials', scope: 'https://localhost:8443/.default' },
    headers: { authorization: `Basic ${basic}` },
  });
  assert.equal(second.status, 200, second.text);
});

test('a token opens the planes of its audience and no other', async () => {
  const planes: Plane[] = ['ingestion', 'query', 'management', 'portal'];
  const opened: Record<string, Plane[]> = {
    'https://monitor.azure.com': ['ingestion', 'query'],
    'https://api.loganalytics.io': ['query'],
    'https://management.azure.com': ['management', 'portal'],
    'https://localhost:8443': planes,
    'https://127.0.0.1:8443/': planes,
  };
  for (const [audience, allowed] of Object.entries(opened)) {
    const token = await plane.token({ ...credentials(), scope: `${audience}/.default` });
    for (const each of planes) {
      const result = plane.authenticate(each, bearer(token));
      if (allowed.includes(each)) assert.equal((await result).kind, 'Application');
      else
        await assert.rejects(result, (error: { status: number }) =>
          [401, 403].includes(error.status),
        );
    }
  }
});

test('refuses tokens that are forged, changed, expired or of another kind', async () => {
  const token = await plane.token({ ...credentials(), scope: 'https://localhost:8443/.default' });
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = decodeJwt(token);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const foreign = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: plane.key.keyId })
    .sign(privateKey);
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  const hmac = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(plane.key.publicKeyPem));
  const changed = `${header}.${Buffer.from(JSON.stringify({ ...claims, oid: 'x' })).toString('base64url')}.${signature}`;
  for (const bad of [
    foreign,
    none,
    hmac,
    changed,
    'x',
    'a.b.c',
    '',
    `${token}x`,
    'y'.repeat(10_000),
  ]) {
    for (const each of ['ingestion', 'query', 'management'] as const) {
      await assert.rejects(
        plane.authenticate(each, bearer(bad)),
        (error: { status: number; headers: object }) => {
          assert.ok([401, 403].includes(error.status));
          assert.ok(!JSON.stringify(error.headers).includes('insufficient_claims'));
          return true;
        },
      );
    }
  }
  await assert.rejects(plane.authenticate('ingestion'), { status: 401, code: 'Unauthorized' });
  await plane.authenticate('query', bearer(token));
  clock.jump(3_700_000);
  await assert.rejects(plane.authenticate('ingestion', bearer(token)), { status: 401 });
  clock.jump(-3_700_000);
});

test('failed secrets are slowed down by client and address; others are not', async () => {
  const ip = '203.0.113.5';
  for (let count = 0; count <= identityLimits.secretFailuresFree; count += 1)
    await ask({ client_secret: 'no' }, ip);
  const throttled = await ask({}, ip);
  assert.equal(throttled.status, 429);
  assert.ok(Number(throttled.headers['retry-after']) >= 1);
  assert.equal((await ask({}, '203.0.113.6')).status, 200);
  await clock.advance(2_000);
  assert.equal((await ask({}, ip)).status, 200);
});

test('a certificate’s assertion is taken once, and only as its client', async () => {
  const user = [...plane.catalog.snapshot.users.values()][0]!;
  const session = plane.sessions.start(user.id);
  const csrf = plane.sessions.find(session)!.csrfToken;
  const certificate = await plane.authority.issueServerCertificate({
    names: ['app.example'],
    days: 30,
  });
  const made = await plane.call('POST', '/api/applications', {
    body: { displayName: 'by certificate', certificate: certificate.certificatePem },
    headers: { cookie: `__Host-strongroom-session=${session}`, 'x-strongroom-csrf': csrf },
  });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json.clientSecret, undefined);
  const { createPrivateKey } = await import('node:crypto');
  const key = createPrivateKey(certificate.privateKeyPem);
  const now = Math.floor(clock.now() / 1000);
  const assertion = (change: object = {}) =>
    new SignJWT({
      iss: made.json.clientId,
      sub: made.json.clientId,
      aud: `https://localhost:8443/${plane.tenantId}/oauth2/v2.0/token`,
      jti: crypto.randomUUID(),
      nbf: now,
      exp: now + 600,
      ...change,
    })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(key);
  const send = (text: string) =>
    plane.call('POST', `/${plane.tenantId}/oauth2/v2.0/token`, {
      form: {
        grant_type: 'client_credentials',
        client_id: made.json.clientId,
        scope: 'https://monitor.azure.com/.default',
        client_assertion: text,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      },
    });
  const good = await assertion();
  assert.equal((await send(good)).status, 200);
  assert.equal((await send(good)).status, 401, 'a second use');
  for (const change of [
    { aud: 'https://evil.example/token' },
    { iss: file['clientId'] },
    { exp: now - 600 },
    { exp: now + 100_000 },
  ]) {
    assert.equal((await send(await assertion(change))).status, 401, JSON.stringify(change));
  }
});

test('a new start ends the secret, the key and the tokens of the one before', async () => {
  const token = await plane.token(credentials());
  await plane.authenticate('management', bearer(token));
  const before = file;
  const again = await plane.start();
  assert.equal(again.administrator, undefined, 'the first administrator is made once');
  file = JSON.parse(await readFile(again.file!, 'utf8'));
  assert.equal(file['clientId'], before['clientId']);
  assert.notEqual(file['clientSecret'], before['clientSecret']);
  assert.notEqual(file['enrollmentKey'], before['enrollmentKey']);
  await assert.rejects(plane.authenticate('management', bearer(token)), { status: 401 });
  assert.equal((await ask({ client_secret: before['clientSecret']! })).status, 401);
  assert.equal((await stat(again.file!)).mode & 0o777, 0o600);
  assert.ok(!JSON.stringify(file).includes(password));
  assert.equal(plane.catalog.workspaces().length, 1);
  clock.jump(25 * 3_600_000);
  assert.equal((await ask({})).status, 401, 'its secret lives 24 hours');
  clock.jump(-25 * 3_600_000);
  const without = await plane.start(false);
  assert.equal(without.file, undefined);
  await assert.rejects(stat(again.file!), { code: 'ENOENT' });
  assert.equal((await ask({})).status, 401);
  file = JSON.parse(await readFile((await plane.start()).file!, 'utf8'));
});

test('passwords: one answer for wrong and unknown, growing waits, lockout by address', async () => {
  const attempt = (userName: string, given: string, callerIp: string) =>
    plane.checkPassword({
      userName,
      password: given,
      callerIp,
      operation: 'Microsoft.Strongroom/signIn/action',
    });
  const good = await attempt('ADMIN', password, '198.51.100.1');
  assert.ok('user' in good);
  assert.deepEqual(await attempt('nobody', password, '198.51.100.1'), { refused: 'wrong' });
  const ip = '198.51.100.2';
  let waits = 0;
  for (let count = 0; count < identityLimits.passwordFailuresMax; count += 1) {
    let verdict = await attempt('admin', 'wrong', ip);
    while ('refused' in verdict && verdict.refused === 'wait') {
      assert.ok(verdict.seconds >= waits);
      waits = verdict.seconds;
      await clock.advance(verdict.seconds * 1000);
      verdict = await attempt('admin', 'wrong', ip);
    }
    assert.deepEqual(verdict, { refused: 'wrong' });
  }
  const locked = await attempt('admin', password, ip);
  assert.ok('refused' in locked && locked.refused === 'wait' && locked.seconds > 800);
  assert.ok('user' in (await attempt('admin', password, '198.51.100.3')), 'elsewhere he signs in');
  await clock.advance(identityLimits.lockoutMs);
  assert.ok('user' in (await attempt('admin', password, ip)));
});

test('sessions: idle end, absolute end, csrf, other sites, and a disabled user', async () => {
  const user = [...plane.catalog.snapshot.users.values()][0]!;
  const start = () => {
    const value = plane.sessions.start(user.id);
    const csrf = plane.sessions.find(value)!.csrfToken;
    return { value, cookie: { cookie: `a=b; __Host-strongroom-session=${value}` }, csrf };
  };
  const one = start();
  const get = (headers: Record<string, string>) => plane.authenticate('query', { headers });
  const post = (headers: Record<string, string>) =>
    plane.authenticate('query', { method: 'POST', headers });
  assert.equal((await get(one.cookie)).proof, 'session');
  await assert.rejects(post(one.cookie), { status: 403, code: 'CrossSiteRequest' });
  await post({ ...one.cookie, 'x-strongroom-csrf': one.csrf });
  await assert.rejects(post({ ...one.cookie, 'x-strongroom-csrf': start().csrf }), { status: 403 });
  await assert.rejects(get({ ...one.cookie, 'sec-fetch-site': 'cross-site' }), { status: 403 });
  await assert.rejects(get({ ...one.cookie, 'sec-fetch-site': 'same-site' }), { status: 403 });
  await assert.rejects(
    post({ ...one.cookie, 'x-strongroom-csrf': one.csrf, origin: 'https://evil.example' }),
    { status: 403 },
  );
  await assert.rejects(plane.authenticate('ingestion', { headers: one.cookie }), { status: 401 });
  await clock.advance(29 * 60_000);
  await get(one.cookie);
  await clock.advance(30 * 60_000);
  await assert.rejects(get(one.cookie), { status: 401 });
  const two = start();
  for (let passed = 0; passed < identityLimits.sessionLifetimeMs; passed += 20 * 60_000) {
    await get(two.cookie);
    await clock.advance(20 * 60_000);
  }
  await assert.rejects(get(two.cookie), { status: 401 });
  const admin = start();
  const send = (method: string, path: string, body?: unknown) =>
    plane.call(method, path, {
      body,
      headers: { ...admin.cookie, 'x-strongroom-csrf': admin.csrf },
    });
  const made = await send('POST', '/api/users', { userName: 'Berta' });
  assert.equal(made.status, 201, made.text);
  assert.match(made.json.initialPassword, /^[a-z0-9]{4}(-[a-z0-9]{4}){4}$/);
  assert.equal((await send('POST', '/api/users', { userName: 'bERTA' })).status, 409);
  const hers = plane.sessions.start(made.json.id);
  const herCookie = { cookie: `__Host-strongroom-session=${hers}` };
  await get(herCookie);
  assert.equal((await send('PATCH', `/api/users/${made.json.id}`, { disabled: true })).status, 200);
  await assert.rejects(get(herCookie), { status: 401 });
  assert.equal(
    (await send('PATCH', `/api/users/${user.id}`, { disabled: true })).json.error.code,
    'Conflict',
  );
  assert.equal((await send('GET', '/api/session')).json.isAdministrator, true);
  assert.equal(
    (await send('POST', '/api/me/password', { currentPassword: password, newPassword: 'short' }))
      .json.error.code,
    'PasswordTooWeak',
  );
  assert.equal(
    (
      await send('POST', '/api/me/password', {
        currentPassword: 'wrong',
        newPassword: 'a new long password',
      })
    ).status,
    403,
  );
  assert.equal(
    (
      await send('POST', '/api/me/password', {
        currentPassword: password,
        newPassword: 'a new long password',
      })
    ).status,
    204,
  );
  await assert.rejects(get(admin.cookie), { status: 401 });
});
