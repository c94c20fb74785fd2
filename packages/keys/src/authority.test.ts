import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { agentId, utf8, workspaceId } from '@strongroom/base';
import { FaultyFs, ManualClock, seededRandom, testAuthority } from '@strongroom/testkit';
import { openAuthority } from './authority.js';
import { makeCsr } from './certificate-request.js';
import { fingerprintOf, readAgentIdentity, spkiPin } from './certificate.js';
import { openLocalKeystore } from './local-keystore.js';
import { parsePem, printPem } from './pem.js';
import { openServiceKeys } from './service-keys.js';
import { x509 } from './x509.js';

const random = seededRandom('authority');
const clock = new ManualClock(Date.UTC(2026, 10, 23));
const [agent, workspace] = [agentId(random.uuid()), workspaceId(random.uuid())];
const { authority } = await testAuthority(clock);
const dayMs = 86_400_000;

async function issue(changed: { csrPem?: string; days?: number } = {}) {
  const { csrPem, privateKeyPem } = await makeCsr({ commonName: 'whatever' });
  const options = { csrPem, agentId: agent, workspaceId: workspace, days: 90, ...changed };
  return { privateKeyPem, ...(await authority.issueAgentCertificate(options)) };
}

void describe('authority', () => {
  void test('is made once, and found again with the same key', async () => {
    const fs = new FaultyFs();
    const open = async () => {
      const provider = await openLocalKeystore({ path: '/root.key', fs, random, create: true });
      const serviceKeys = await openServiceKeys({ provider, directory: '/keys', fs, random });
      return openAuthority({ serviceKeys, directory: '/keys', fs, clock, random });
    };
    const first = await open();
    const second = await open();
    assert.equal(second.certificatePem, first.certificatePem);
    // A crash between key and certificate: the pin that agents hold stays true.
    await fs.remove('/keys/authority.pem');
    assert.equal((await open()).caPin(), first.caPin());
    fs.overwrite('/keys/authority.pem', utf8(authority.certificatePem));
    await assert.rejects(open(), { code: 'KEYS_AUTHORITY_DAMAGED' });
    fs.overwrite('/keys/authority.pem', utf8('nothing'));
    await assert.rejects(open(), { code: 'KEYS_AUTHORITY_DAMAGED' });
  });

  void test('is replaced: both keys count until the earlier one is ended, whatever is cut short', async () => {
    const time = new ManualClock(Date.UTC(2026, 10, 23));
    for (let nth = 0; ; nth += 1) {
      const fs = new FaultyFs();
      const reopen = async () => {
        const provider = await openLocalKeystore({ path: '/root.key', fs, random, create: true });
        const serviceKeys = await openServiceKeys({ provider, directory: '/keys', fs, random });
        return openAuthority({ serviceKeys, directory: '/keys', fs, clock: time, random });
      };
      const { csrPem } = await makeCsr({ commonName: 'a' });
      const wanted = { csrPem, agentId: agent, workspaceId: workspace, days: 30 };
      let own = await reopen();
      const [pin, first] = [own.caPin(), own.certificatePem];
      const old = await own.issueAgentCertificate(wanted);
      fs.fail({ code: 'EIO', effect: 'halt', nth: nth + 1, times: Number.POSITIVE_INFINITY });
      let cut = true;
      try {
        await own.rotate();
        cut = false;
      } catch {
        // Started again below.
      }
      fs.heal();
      if (cut) fs.powerCut({ seed: nth });
      own = await reopen();
      if (own.keys.length === 1) await own.rotate();
      assert.equal(own.keys.length, 2);
      await assert.rejects(own.rotate(), { code: 'KEYS_ROTATING' });
      const fresh = await own.issueAgentCertificate(wanted);
      const server = await own.issueServerCertificate({ names: ['a.test'], days: 30 });
      const newest = own.certificatePem.slice(first.length);
      assert.ok(own.certificatePem.startsWith(first));
      assert.equal(own.caPin(), pin, 'clients still see the key that they know');
      const by = (pem: string, authorityPem: string): boolean =>
        new X509Certificate(pem).verify(new X509Certificate(authorityPem).publicKey);
      assert.ok(by(server.certificatePem, first) && by(fresh.certificatePem, newest));
      assert.ok(own.didIssue(old.certificatePem) && own.didIssue(fresh.certificatePem));
      fs.fail({ code: 'EIO', effect: 'halt', nth: nth + 1, times: Number.POSITIVE_INFINITY });
      await own.dropEarlier().catch(() => undefined);
      fs.heal();
      if (cut) fs.powerCut({ seed: nth });
      own = await reopen();
      await own.dropEarlier();
      assert.equal(own.certificatePem, newest);
      assert.ok(!own.didIssue(old.certificatePem) && own.didIssue(fresh.certificatePem));
      assert.notEqual(own.caPin(), pin);
      await own.rotate();
      assert.equal(own.keys.length, 2);
      if (!cut) break;
    }
  });

  void test('has a certificate of ten years that may sign leaves only', () => {
    const certificate = new X509Certificate(authority.certificatePem);
    assert.equal(certificate.ca, true);
    assert.equal(certificate.verify(certificate.publicKey), true);
    const constraints = new x509.X509Certificate(
      parsePem('CERTIFICATE', authority.certificatePem)!,
    ).getExtension(x509.BasicConstraintsExtension);
    assert.deepEqual([constraints?.ca, constraints?.pathLength], [true, 0]);
    const years = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    assert.equal(Math.round(years / dayMs), 3650);
    assert.equal(authority.caPin(), spkiPin(authority.certificatePem));
    assert.match(authority.caPin(), /^sha256\/[A-Za-z0-9+/]{43}=$/);
  });

  void test('issues server certificates for names and addresses', async () => {
    const names = ['localhost', 'logs.example.com', '127.0.0.1', '::1'];
    const issued = await authority.issueServerCertificate({ names, days: 397 });
    const certificate = new X509Certificate(issued.certificatePem);
    assert.equal(certificate.checkHost('logs.example.com'), 'logs.example.com');
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(certificate.checkIP('::1'), '::1');
    assert.equal(certificate.checkHost('other.example.com'), undefined);
    assert.equal(certificate.ca, false);
    assert.equal(authority.didIssue(issued.certificatePem), true);
    assert.equal(Date.parse(certificate.validTo), issued.notAfter);
    assert.equal(issued.notAfter, clock.now() + 397 * dayMs);
    assert.equal(issued.notBefore, clock.now() - 5 * 60_000);
  });

  void test('refuses names that are none, and lives that are too long', async () => {
    const make = (names: string[], days = 1) => authority.issueServerCertificate({ names, days });
    const wrong = [
      '',
      ' ',
      'a b',
      '-a',
      'a-',
      'a..b',
      'a.',
      '*',
      'a.*',
      'é',
      'a\0b',
      'x'.repeat(64),
    ];
    for (const name of [...wrong, 'fe80::1%eth0', 'DNS:a', 'a,b', `${'a.'.repeat(127)}ab`]) {
      await assert.rejects(make([name]), { code: 'KEYS_BAD_NAME' }, JSON.stringify(name));
    }
    for (const days of [0, -1, 398, 1.5, Number.NaN]) {
      await assert.rejects(make(['a'], days), { code: 'KEYS_OUT_OF_RANGE' });
    }
    await assert.rejects(make([]), { code: 'KEYS_OUT_OF_RANGE' });
    const many = Array.from({ length: 101 }, (_, at) => `h${at}`);
    await assert.rejects(make(many), { code: 'KEYS_OUT_OF_RANGE' });
    await make(many.slice(1));
  });

  void test('issues no certificate that outlives itself', async () => {
    const late = new ManualClock(clock.now() + 3_640 * dayMs);
    const fs = new FaultyFs();
    const provider = await openLocalKeystore({ path: '/root.key', fs, random, create: true });
    const serviceKeys = await openServiceKeys({ provider, directory: '/keys', fs, random });
    const options = { serviceKeys, directory: '/keys', fs, random };
    await openAuthority({ ...options, clock });
    const old = await openAuthority({ ...options, clock: late });
    const issued = await old.issueServerCertificate({ names: ['a'], days: 300 });
    assert.equal(issued.notAfter, Date.parse(new X509Certificate(old.certificatePem).validTo));
    await late.advance(11 * dayMs);
    await assert.rejects(old.issueServerCertificate({ names: ['a'], days: 1 }), {
      code: 'KEYS_OUT_OF_RANGE',
    });
  });

  void test('gives each certificate a serial number of its own', async () => {
    const serials = new Set<string>();
    for (let made = 0; made < 20; made += 1) {
      const { serial, certificatePem } = await issue();
      assert.equal(new X509Certificate(certificatePem).serialNumber.toLowerCase(), serial);
      assert.match(serial, /^[4-7][0-9a-f]{31}$/);
      serials.add(serial);
    }
    assert.equal(serials.size, 20);
  });
});

void describe('agent certificate', () => {
  void test('names the agent that the caller verified, whatever the request claims', async () => {
    const issued = await issue();
    const identity = readAgentIdentity(issued.certificatePem);
    assert.deepEqual(identity, {
      agentId: agent,
      workspaceId: workspace,
      serial: issued.serial,
      fingerprint: issued.fingerprint,
      notBefore: issued.notBefore,
      notAfter: issued.notAfter,
    });
    assert.equal(issued.notAfter, clock.now() + 90 * dayMs);
    assert.equal(identity.fingerprint, fingerprintOf(issued.certificatePem));
    const der = parsePem('CERTIFICATE', issued.certificatePem)!;
    assert.deepEqual(readAgentIdentity(der), identity);
    assert.equal(issued.certificatePem.includes('whatever'), false);
    assert.doesNotMatch(new X509Certificate(der).subject, /whatever/);
    for (const days of [0, 91, 0.5]) {
      await assert.rejects(issue({ days }), { code: 'KEYS_OUT_OF_RANGE' });
    }
  });

  void test('opens a mutual TLS connection, and one by another authority does not', async () => {
    const current = await testAuthority();
    const server = await current.authority.issueServerCertificate({
      names: ['localhost'],
      days: 1,
    });
    const listener = createServer(
      {
        key: server.privateKeyPem,
        cert: server.certificatePem + current.authority.certificatePem,
        ca: current.authority.certificatePem,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
      },
      (socket) => {
        socket.on('error', () => undefined);
        const { raw } = socket.getPeerCertificate();
        socket.end(readAgentIdentity(new Uint8Array(raw)).agentId);
      },
    ).listen(0, '127.0.0.1');
    listener.on('tlsClientError', () => undefined);
    await once(listener, 'listening');
    const ask = async (client: { certificatePem: string; privateKeyPem: string }) => {
      const socket = connect({
        host: '127.0.0.1',
        servername: 'localhost',
        port: (listener.address() as AddressInfo).port,
        ca: current.authority.certificatePem,
        cert: client.certificatePem,
        key: client.privateKeyPem,
      });
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    };
    try {
      const enrolled = await current.enrol();
      assert.equal(await ask(enrolled), enrolled.agentId);
      const foreign = await (await testAuthority()).enrol({ agentId: enrolled.agentId });
      assert.equal(current.authority.didIssue(foreign.certificatePem), false);
      // Refused by an alert or by a closed connection, as the versions have it.
      assert.equal(await ask(foreign).catch(() => ''), '');
    } finally {
      listener.close();
    }
  });

  void test('is read only in the one form that the authority issues', async () => {
    const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ]);
    const uri = `urn:strongroom:workspace:${workspace}:agent:${agent}`;
    const good = {
      name: `CN=${agent}`,
      san: [{ type: 'url' as const, value: uri }] as x509.JsonGeneralNames,
      usages: ['1.3.6.1.5.5.7.3.2'],
      ca: false,
    };
    const make = async (changed: Partial<typeof good>): Promise<Uint8Array> => {
      const { name, san, usages, ca } = { ...good, ...changed };
      const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        name,
        keys: pair,
        signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
        extensions: [
          new x509.BasicConstraintsExtension(ca, undefined, true),
          ...(usages.length > 0 ? [new x509.ExtendedKeyUsageExtension(usages)] : []),
          ...(san.length > 0 ? [new x509.SubjectAlternativeNameExtension(san)] : []),
        ],
      });
      return new Uint8Array(certificate.rawData);
    };
    assert.equal(readAgentIdentity(await make({})).agentId, agent);
    const other = random.uuid();
    const wrong: [string, Partial<typeof good>][] = [
      ['no common name', { name: 'O=x' }],
      ['another agent as common name', { name: `CN=${other}` }],
      ['two common names', { name: `CN=${agent},CN=${agent}` }],
      ['more in the subject', { name: `CN=${agent},O=x` }],
      ['a common name with a NUL', { name: `CN=${agent}\\00x` }],
      ['no other name', { san: [] }],
      ['two URIs', { san: [...good.san, ...good.san] }],
      ['a DNS name beside it', { san: [...good.san, { type: 'dns', value: 'a' }] }],
      ['a DNS name in its place', { san: [{ type: 'dns', value: uri }] }],
      ['a URI with more before', { san: [{ type: 'url', value: `x${uri}` }] }],
      ['a URI with more behind', { san: [{ type: 'url', value: `${uri}:x` }] }],
      ['a URI with a line behind', { san: [{ type: 'url', value: `${uri}\nx` }] }],
      ['a URI in capitals', { san: [{ type: 'url', value: uri.toUpperCase() }] }],
      ['a URI that names a server', { san: [{ type: 'url', value: 'urn:strongroom:server' }] }],
      ['no usage', { usages: [] }],
      ['a server’s usage', { usages: ['1.3.6.1.5.5.7.3.1'] }],
      ['two usages', { usages: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'] }],
      ['an authority’s right', { ca: true }],
    ];
    for (const [what, changed] of wrong) {
      const der = await make(changed);
      assert.throws(() => readAgentIdentity(der), { code: 'KEYS_BAD_CERTIFICATE' }, what);
    }
    const server = await authority.issueServerCertificate({ names: ['a'], days: 1 });
    for (const pem of [server.certificatePem, authority.certificatePem]) {
      assert.throws(() => readAgentIdentity(pem), { code: 'KEYS_BAD_CERTIFICATE' });
    }
  });

  void test('is refused in any form that is not one whole certificate', async () => {
    const { certificatePem } = await issue();
    const der = parsePem('CERTIFICATE', certificatePem)!;
    const wrong: (string | Uint8Array)[] = [
      '',
      'x',
      certificatePem + certificatePem,
      certificatePem.replace('CERTIFICATE', 'PUBLIC KEY'),
      certificatePem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
      certificatePem.replace('\n', '\nProc-Type: 4,ENCRYPTED\n'),
      certificatePem.replace('MII', 'MII='),
      certificatePem.replace('MII', 'MI I'),
      Buffer.from(der).toString('hex'),
      Buffer.from(der).toString('base64'),
      new Uint8Array(0),
      new Uint8Array([0x30]),
      new Uint8Array([0x30, 0x80, 0, 0]),
      new Uint8Array([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
      new Uint8Array([...der, 0]),
      der.subarray(0, -1),
      der.with(0, 0x31),
      new Uint8Array(100_000).fill(0x30),
    ];
    for (const source of wrong) {
      assert.throws(() => readAgentIdentity(source), { code: 'KEYS_BAD_CERTIFICATE' });
      assert.throws(() => spkiPin(source), { code: 'KEYS_BAD_CERTIFICATE' });
      assert.throws(() => fingerprintOf(source), { code: 'KEYS_BAD_CERTIFICATE' });
      assert.equal(authority.didIssue(source), false);
    }
  });

  void test('does not verify with any byte changed', async () => {
    const { certificatePem } = await issue();
    const der = parsePem('CERTIFICATE', certificatePem)!;
    assert.equal(authority.didIssue(der), true);
    for (let at = 0; at < der.length; at += 1) {
      assert.equal(authority.didIssue(der.with(at, der[at]! ^ 1)), false, `byte ${at}`);
    }
  });
});

void describe('certificate request', () => {
  const refused = (csrPem: string): Promise<void> =>
    assert.rejects(issue({ csrPem }), { code: 'KEYS_BAD_REQUEST' });
  const label = 'CERTIFICATE REQUEST';

  void test('is refused in any form that is not one whole request', async () => {
    const { csrPem } = await makeCsr({ commonName: 'a' });
    const der = parsePem(label, csrPem)!;
    for (const source of [
      '',
      'x',
      csrPem.slice(0, -30),
      csrPem + csrPem,
      `# comment\n${csrPem}`,
      csrPem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'),
      authority.certificatePem,
      Buffer.from(der).toString('base64'),
      printPem(label, new Uint8Array(0)),
      printPem(label, new Uint8Array([0x30, 0])),
      printPem(label, new Uint8Array([...der, 0])),
      printPem(label, der.subarray(0, -1)),
      printPem(label, new Uint8Array([0x30, 3, 0x30, 1, 0x30])),
      printPem(label, parsePem('CERTIFICATE', authority.certificatePem)!),
      `-----BEGIN ${label}-----\n${'A'.repeat(20_000)}\n-----END ${label}-----\n`,
    ]) {
      await refused(source);
    }
    // Line ends of another machine are no harm.
    await issue({ csrPem: csrPem.replaceAll('\n', '\r\n') });
  });

  void test('is refused with any byte changed: its signature covers it', async () => {
    const { csrPem } = await makeCsr({ commonName: 'a' });
    const der = parsePem(label, csrPem)!;
    for (let at = 0; at < der.length; at += 1) {
      await refused(printPem(label, der.with(at, der[at]! ^ 1)));
    }
  });

  void test('is refused over a key that its sender does not hold', async () => {
    const [mine, theirs] = [await makeCsr({ commonName: 'a' }), await makeCsr({ commonName: 'a' })];
    const [a, b] = [parsePem(label, mine.csrPem)!, parsePem(label, theirs.csrPem)!];
    const at = Buffer.from(a).indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04]));
    const forged = new Uint8Array(a);
    forged.set(b.subarray(at, at + 68), at);
    await refused(printPem(label, forged));
  });

  void test('is refused over keys and signatures of other kinds', async () => {
    const request = async (
      algorithm: Parameters<typeof webcrypto.subtle.generateKey>[0],
      signing: { name: string; hash?: string },
    ): Promise<string> => {
      const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
        'sign',
        'verify',
      ])) as webcrypto.CryptoKeyPair;
      const csr = await x509.Pkcs10CertificateRequestGenerator.create({
        name: 'CN=a',
        keys,
        signingAlgorithm: signing,
      });
      return printPem(label, new Uint8Array(csr.rawData));
    };
    const p256 = { name: 'ECDSA', namedCurve: 'P-256' };
    await issue({ csrPem: await request(p256, { name: 'ECDSA', hash: 'SHA-256' }) });
    await refused(await request(p256, { name: 'ECDSA', hash: 'SHA-1' }));
    await refused(await request(p256, { name: 'ECDSA', hash: 'SHA-512' }));
    for (const namedCurve of ['P-384', 'P-521']) {
      const other = { name: 'ECDSA', namedCurve };
      await refused(await request(other, { name: 'ECDSA', hash: 'SHA-256' }));
    }
    await refused(await request({ name: 'Ed25519' }, { name: 'Ed25519' }));
    const rsa = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    };
    await refused(await request(rsa, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }));
  });
});
