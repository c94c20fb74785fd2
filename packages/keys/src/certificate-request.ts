import { createPublicKey, generateKeyPair, verify, webcrypto } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { equalBytes, fromHex } from '@strongroom/base';
import { sequenceElements } from './der.js';
import { keysError } from './errors.js';
import { parsePem, printPem } from './pem.js';
import { x509 } from './x509.js';

const generate = promisify(generateKeyPair);
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Makes a P-256 key pair and a request for a certificate over it. The private key stays with the caller. */
export async function makeCsr(options: {
  readonly commonName: string;
}): Promise<{ csrPem: string; privateKeyPem: string }> {
  const pair = await generate('ec', { namedCurve: 'P-256' });
  const pkcs8 = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [options.commonName] }],
    signingAlgorithm: ecdsa,
    keys: {
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, ecdsa, false, ['sign']),
      publicKey: await webcrypto.subtle.importKey('spki', spki, ecdsa, true, ['verify']),
    },
  });
  return {
    csrPem: printPem('CERTIFICATE REQUEST', new Uint8Array(request.rawData)),
    privateKeyPem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

/** AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 §3.2): no parameters. */
const ecdsaWithSha256 = fromHex('300a06082a8648ce3d040302');

/**
 * The public key of a request, after its signature proved that the sender holds the private one.
 * Names and extensions in it are ignored: who someone is, is not theirs to say. Throws
 * `KEYS_BAD_REQUEST` for anything but one P-256 request signed with SHA-256.
 */
export function readCsrKey(csrPem: string): KeyObject {
  const refuse = (why: string): never => {
    throw keysError('KEYS_BAD_REQUEST', `The certificate request ${why}.`);
  };
  const der = parsePem('CERTIFICATE REQUEST', csrPem) ?? refuse('is not one PEM block');
  const [info, algorithm, signature, ...others] = sequenceElements(der) ?? [];
  if (info === undefined || algorithm === undefined || others.length > 0) {
    return refuse('is not one request');
  }
  if (signature?.tag !== 0x03 || signature.content[0] !== 0) return refuse('has no signature');
  if (!equalBytes(algorithm.whole, ecdsaWithSha256)) {
    return refuse('is not signed with ECDSA and SHA-256');
  }
  const key = requestKey(der) ?? refuse('has no key that can be read');
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    return refuse('is not over a P-256 key');
  }
  return isSigned(key, info.whole, signature.content.subarray(1))
    ? key
    : refuse('is not signed by its own key');
}

function requestKey(der: Uint8Array<ArrayBuffer>): KeyObject | undefined {
  try {
    const spki = Buffer.from(new x509.Pkcs10CertificateRequest(der).publicKey.rawData);
    // OpenSSL checks that the point lies on the curve.
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function isSigned(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', message, key, signature);
  } catch {
    return false;
  }
}
