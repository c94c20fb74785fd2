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

/** The service's own certificate authority. Its key is a P-256 key, sealed by the root key at rest. */
export interface Authority {
  /** The root certificate: what clients trust. Also in `authority.pem`. */
  readonly certificatePem: string;
  /** `sha256/` and base64 of SHA-256 over the authority's public key: what an enrolment line pins. */
  caPin(): string;
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
  /** True where this authority's key signed the certificate. Says nothing about time or revocation. */
  didIssue(certificate: Uint8Array | string): boolean;
}

/**
 * Opens the authority, made on the first call: the key `authority` among the service keys, and its
 * certificate in `directory/authority.pem`. Rejects with `KEYS_AUTHORITY_DAMAGED` where the two do not
 * belong together: agents hold pins to the key, so it is never quietly replaced.
 */
export async function openAuthority(options: {
  readonly serviceKeys: ServiceKeys;
  readonly directory: string;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<Authority> {
  const { fs, directory, clock, random } = options;
  const { privateKeyPem } = await options.serviceKeys.ecKey('authority');
  const privateKey = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(privateKey);
  const path = join(directory, 'authority.pem');
  // The key comes first: a crash before the certificate was written leads here again, with that key.
  let certificatePem = await readText(fs, path);
  if (certificatePem === undefined) {
    certificatePem = await selfSign({ privateKey, publicKey, clock, random });
    await makeDirectoryDurably(fs, directory);
    await writeFileDurably(fs, path, utf8(certificatePem), 0o644);
  }
  if (!isOwn(certificatePem, publicKey)) {
    throw keysError('KEYS_AUTHORITY_DAMAGED', `${path} is not the certificate of the sealed key.`);
  }
  const signingKey = await importPrivate(privateKey);
  return new LocalAuthority({ certificatePem, publicKey, signingKey, clock, random });
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
  readonly certificatePem: string;
  readonly #publicKey: KeyObject;
  readonly #signingKey: webcrypto.CryptoKey;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #own: x509.X509Certificate;

  constructor(options: {
    certificatePem: string;
    publicKey: KeyObject;
    signingKey: webcrypto.CryptoKey;
    clock: Clock;
    random: Random;
  }) {
    this.certificatePem = options.certificatePem;
    this.#publicKey = options.publicKey;
    this.#signingKey = options.signingKey;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#own = new x509.X509Certificate(certificateDer(options.certificatePem));
  }

  caPin(): string {
    return spkiPin(this.certificatePem);
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
    const issued = await this.#issue({
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
    return this.#issue({
      publicKey: readCsrKey(options.csrPem),
      commonName: options.agentId,
      names: [{ type: 'url', value: agentUriOf(options) }],
      usage: clientAuth,
      days: options.days,
    });
  }

  didIssue(certificate: Uint8Array | string): boolean {
    try {
      return new X509Certificate(certificateDer(certificate)).verify(this.#publicKey);
    } catch {
      return false;
    }
  }

  async #issue(options: {
    publicKey: KeyObject;
    commonName: string;
    names: x509.JsonGeneralNames;
    usage: string;
    days: number;
  }): Promise<IssuedCertificate> {
    const now = this.#clock.now();
    // Certificates count whole seconds, and none outlives the authority that vouches for it.
    const notBefore = Math.floor((now - limits.backdateMs) / 1000) * 1000;
    const last = Math.min(now + options.days * dayMs, this.#own.notAfter.getTime());
    const notAfter = Math.floor(last / 1000) * 1000;
    if (notAfter <= now) throw keysError('KEYS_OUT_OF_RANGE', 'The authority has expired.');
    const serial = serialNumber(this.#random);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial,
      subject: [{ CN: [options.commonName] }],
      issuer: this.#own.subjectName,
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: ecdsa,
      publicKey: await importPublic(options.publicKey),
      signingKey: this.#signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([options.usage]),
        new x509.SubjectAlternativeNameExtension(options.names),
        new x509.SubjectKeyIdentifierExtension(keyIdentifier(options.publicKey)),
        new x509.AuthorityKeyIdentifierExtension(keyIdentifier(this.#publicKey)),
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
