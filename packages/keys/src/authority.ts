import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { equalBytes, fromUtf8, isNotFound, toHex, utf8 } from '@strongroom/base';
import type { AgentId, Clock, Fs, Random, WorkspaceId } from '@strongroom/base';
import { readCsrKey } from './certificate-request.js';
import { agentUriOf, certificateDer, fingerprintOf, spkiPin } from './certificate.js';
import { keysError } from './errors.js';
import { makeDirectoryDurably, writeFileDurably } from './key-file.js';
import { limits } from './limits.js';
import { printPem } from './pem.js';
import type { ServiceKeys } from './service-keys.js';
import { x509 } from './x509.js';

const generate = promisify(generateKeyPair);
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

/** A certificate as it was issued. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  /** Lower-case hexadecimal. */
  readonly serial: string;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

/** One of the authority's keys, as people see it. */
export interface AuthorityKey {
  /** SHA-256 of its certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly notAfter: number;
}

/**
 * The service's own certificate authority. Its key is a P-256 key, sealed by the root key at rest.
 *
 * While its key is replaced it has two: the newest issues agents' certificates, the one before still
 * the server's, which everyone trusts who has not heard of the newest; both are trusted.
 */
export interface Authority {
  /** The root certificates: what clients trust, the one of the server's certificate first. Also in `authority.pem`. */
  readonly certificatePem: string;
  /** `sha256/` and base64 of SHA-256 over the first one's public key: what an enrolment line pins. */
  caPin(): string;
  /** The newest key first; one or two. */
  readonly keys: readonly AuthorityKey[];
  /** Makes a new key. Rejects with `KEYS_ROTATING` while the one before the newest still counts. */
  rotate(): Promise<void>;
  /** Ends the key before the newest: what it signed counts no more. Does nothing where there is none. */
  dropEarlier(): Promise<void>;
  /**
   * A certificate and key for a server with these DNS names and IP addresses. Rejects with
   * `KEYS_OUT_OF_RANGE` for more than 397 days or no names, `KEYS_BAD_NAME` for what is neither.
   */
  issueServerCertificate(options: {
    readonly names: readonly string[];
    readonly days: number;
  }): Promise<IssuedCertificate & { readonly privateKeyPem: string }>;
  /**
   * A client certificate over the key of a request. Whatever names the request claims are ignored:
   * agent and workspace are the caller's, from a verified enrolment. Rejects with `KEYS_BAD_REQUEST`,
   * and with `KEYS_OUT_OF_RANGE` for more than 90 days.
   */
  issueAgentCertificate(options: {
    readonly csrPem: string;
    readonly agentId: AgentId;
    readonly workspaceId: WorkspaceId;
    readonly days: number;
  }): Promise<IssuedCertificate>;
  /** True where one of this authority's keys signed the certificate. Says nothing about time or revocation. */
  didIssue(certificate: Uint8Array | string): boolean;
}

/**
 * Opens the authority, made on the first call: the keys `authority`, `authority-2` and so on among the
 * service keys, and their certificates in `directory/authority.pem`. Rejects with
 * `KEYS_AUTHORITY_DAMAGED` where they do not belong together: agents hold pins to the key, so it is
 * never quietly replaced.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { fs, directory, serviceKeys } = options;
  const names = (await serviceKeys.names())
    .filter((name) => namePattern.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b));
  if (names.length === 0) names.push(firstName);
  const path = join(directory, fileName);
  const text = await readText(fs, path);
  const shown = text === undefined ? [] : splitPem(text);
  const issuers: Issuer[] = [];
  for (const [at, name] of names.entries()) {
    const { privateKeyPem } = await serviceKeys.ecKey(name);
    const privateKey = createPrivateKey(privateKeyPem);
    const publicKey = createPublicKey(privateKey);
    let certificatePem = shown.find((each) => isOwn(each, publicKey));
    // The key comes first: a crash before its certificate was written leads here again, with that key.
    const unfinished = text === undefined || (at > 0 && at === names.length - 1);
    if (certificatePem === undefined && unfinished) {
      certificatePem = await selfSign({ ...options, privateKey, publicKey });
    }
    if (certificatePem === undefined) throw damaged(path);
    const signingKey = await importPrivate(privateKey);
    const own = new x509.X509Certificate(certificateDer(certificatePem));
    issuers.push({ name, certificatePem, publicKey, signingKey, own });
  }
  // A certificate beside them is of a key that was just ended, or a stranger's.
  const oldest = issuers[0]!.own.notBefore.getTime();
  const strange = shown.some(
    (each) =>
      !issuers.some(({ certificatePem }) => certificatePem === each) && !isBefore(each, oldest),
  );
  if (strange) throw damaged(path);
  const authority = new LocalAuthority(options, issuers);
  if (text !== authority.certificatePem) {
    await makeDirectoryDurably(fs, directory);
    await writeFileDurably(fs, path, utf8(authority.certificatePem), 0o644);
  }
  return authority;
}

interface AuthorityOptions {
  readonly serviceKeys: ServiceKeys;
  readonly directory: string;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
}

/** One key of the authority with its certificate. */
interface Issuer {
  readonly name: string;
  readonly certificatePem: string;
  readonly publicKey: KeyObject;
  readonly signingKey: webcrypto.CryptoKey;
  readonly own: x509.X509Certificate;
}

const fileName = 'authority.pem';
const firstName = 'authority';
const namePattern = /^authority(?:-([1-9]\d{0,8}))?$/;
const numberOf = (name: string): number => Number(namePattern.exec(name)?.[1] ?? 1);

const damaged = (path: string): Error =>
  keysError('KEYS_AUTHORITY_DAMAGED', `${path} is not the certificate of the sealed key.`);

/** The certificates of a bundle, each as it was written. */
const splitPem = (text: string): string[] =>
  text.match(/-----BEGIN CERTIFICATE-----\n[\s\S]*?-----END CERTIFICATE-----\n/g) ?? [text];

function isBefore(certificatePem: string, time: number): boolean {
  try {
    const { validFrom, ca } = new X509Certificate(certificatePem);
    return ca && Date.parse(validFrom) <= time;
  } catch {
    return false;
  }
}

async function readText(fs: Fs, path: string): Promise<string | undefined> {
  try {
    return fromUtf8(await fs.readFile(path));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const spkiOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });

const importPrivate = (key: KeyObject): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), ecdsa, false, [
    'sign',
  ]);

const importPublic = (key: KeyObject): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('spki', spkiOf(key), ecdsa, true, ['verify']);

function isOwn(certificatePem: string, publicKey: KeyObject): boolean {
  try {
    const certificate = new X509Certificate(certificateDer(certificatePem));
    return (
      certificate.ca &&
      equalBytes(spkiOf(certificate.publicKey), spkiOf(publicKey)) &&
      certificate.verify(publicKey)
    );
  } catch {
    return false;
  }
}

/** A random positive 128-bit serial without leading zero bits lost in printing (RFC 5280 §4.1.2.2). */
function serialNumber(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return toHex(bytes);
}

/** RFC 5280 §4.2.1.2 (1), with SHA-256 cut to 20 bytes (RFC 7093 §2). */
const keyIdentifier = (key: KeyObject): string => {
  const point = spkiOf(key).subarray(-65);
  return toHex(createHash('sha256').update(point).digest().subarray(0, 20));
};

async function selfSign(options: {
  privateKey: KeyObject;
  publicKey: KeyObject;
  clock: Clock;
  random: Random;
}): Promise<string> {
  const { privateKey, publicKey, clock, random } = options;
  const keyId = keyIdentifier(publicKey);
  const now = clock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(random),
    name: [{ CN: [`Strongroom Authority ${keyId.slice(0, 8)}`] }],
    notBefore: new Date(now - limits.backdateMs),
    notAfter: new Date(now + limits.authorityDays * dayMs),
    signingAlgorithm: ecdsa,
    keys: { privateKey: await importPrivate(privateKey), publicKey: await importPublic(publicKey) },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      new x509.SubjectKeyIdentifierExtension(keyId),
    ],
  });
  return printPem('CERTIFICATE', new Uint8Array(certificate.rawData));
}

class LocalAuthority implements Authority {
  readonly #options: AuthorityOptions;
  /** Oldest first; one or two. */
  #issuers: readonly Issuer[];

  constructor(options: AuthorityOptions, issuers: readonly Issuer[]) {
    this.#options = options;
    this.#issuers = issuers;
  }

  get certificatePem(): string {
    return this.#issuers.map(({ certificatePem }) => certificatePem).join('');
  }

  caPin(): string {
    return spkiPin(this.#issuers[0]!.certificatePem);
  }

  get keys(): readonly AuthorityKey[] {
    return this.#issuers
      .map(({ certificatePem, own }) => ({
        fingerprint: fingerprintOf(certificateDer(certificatePem)),
        madeAt: own.notBefore.getTime() + limits.backdateMs,
        notAfter: own.notAfter.getTime(),
      }))
      .toReversed();
  }

  async rotate(): Promise<void> {
    if (this.#issuers.length > 1) {
      throw keysError(
        'KEYS_ROTATING',
        'The authority is being replaced; the one before still counts.',
      );
    }
    const { serviceKeys } = this.#options;
    const number = numberOf(this.#issuers[0]!.name) + 1;
    await serviceKeys.ecKey(`${firstName}-${number}`);
    await this.#reopen();
  }

  async dropEarlier(): Promise<void> {
    const { serviceKeys } = this.#options;
    for (const { name } of this.#issuers.slice(0, -1)) await serviceKeys.remove(name);
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    const fresh = await openAuthority(this.#options);
    if (fresh instanceof LocalAuthority) this.#issuers = fresh.#issuers;
  }

  async issueServerCertificate(options: {
    readonly names: readonly string[];
    readonly days: number;
  }): Promise<IssuedCertificate & { readonly privateKeyPem: string }> {
    const { names, days } = options;
    checkDays(days, limits.serverCertificateDaysMax);
    if (names.length === 0 || names.length > limits.serverNamesMax) {
      throw keysError('KEYS_OUT_OF_RANGE', 'A server certificate has 1 to 100 names.');
    }
    const pair = await generate('ec', { namedCurve: 'P-256' });
    const issued = await this.#issue(this.#issuers[0]!, {
      publicKey: pair.publicKey,
      commonName: names[0]!.slice(0, 64),
      names: [...new Set(names)].map(serverName),
      usage: serverAuth,
      days,
    });
    const privateKeyPem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    return { ...issued, privateKeyPem };
  }

  async issueAgentCertificate(options: {
    readonly csrPem: string;
    readonly agentId: AgentId;
    readonly workspaceId: WorkspaceId;
    readonly days: number;
  }): Promise<IssuedCertificate> {
    checkDays(options.days, limits.agentCertificateDaysMax);
    return this.#issue(this.#issuers.at(-1)!, {
      publicKey: readCsrKey(options.csrPem),
      commonName: options.agentId,
      names: [{ type: 'url', value: agentUriOf(options) }],
      usage: clientAuth,
      days: options.days,
    });
  }

  didIssue(certificate: Uint8Array | string): boolean {
    try {
      const shown = new X509Certificate(certificateDer(certificate));
      return this.#issuers.some(({ publicKey }) => shown.verify(publicKey));
    } catch {
      return false;
    }
  }

  async #issue(
    issuer: Issuer,
    options: {
      publicKey: KeyObject;
      commonName: string;
      names: x509.JsonGeneralNames;
      usage: string;
      days: number;
    },
  ): Promise<IssuedCertificate> {
    const { clock, random } = this.#options;
    const now = clock.now();
    // Certificates count whole seconds, and none outlives the authority that vouches for it.
    const notBefore = Math.floor((now - limits.backdateMs) / 1000) * 1000;
    const last = Math.min(now + options.days * dayMs, issuer.own.notAfter.getTime());
    const notAfter = Math.floor(last / 1000) * 1000;
    if (notAfter <= now) throw keysError('KEYS_OUT_OF_RANGE', 'The authority has expired.');
    const serial = serialNumber(random);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial,
      subject: [{ CN: [options.commonName] }],
      issuer: issuer.own.subjectName,
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: ecdsa,
      publicKey: await importPublic(options.publicKey),
      signingKey: issuer.signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([options.usage]),
        new x509.SubjectAlternativeNameExtension(options.names),
        new x509.SubjectKeyIdentifierExtension(keyIdentifier(options.publicKey)),
        new x509.AuthorityKeyIdentifierExtension(keyIdentifier(issuer.publicKey)),
      ],
    });
    const der = new Uint8Array(certificate.rawData);
    return {
      certificatePem: printPem('CERTIFICATE', der),
      serial,
      fingerprint: fingerprintOf(der),
      notBefore,
      notAfter,
    };
  }
}

function checkDays(days: number, daysMax: number): void {
  if (!Number.isInteger(days) || days < 1 || days > daysMax) {
    throw keysError('KEYS_OUT_OF_RANGE', `A certificate is valid for 1 to ${daysMax} days.`);
  }
}

/** An IP address, or a DNS name of letters, digits and dashes (RFC 1123 §2.1); `*.` may lead. */
function serverName(name: string): x509.JsonGeneralName {
  if (isIP(name) !== 0 && !name.includes('%')) return { type: 'ip', value: name };
  const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
  const isDns = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`).test(name);
  if (!isDns || name.length > 253) {
    throw keysError('KEYS_BAD_NAME', `${name} is neither a DNS name nor an IP address.`);
  }
  return { type: 'dns', value: name };
}
