import { createPublicKey, generateKeyPair, webcrypto } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
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

/**
 * The public key of a request, after its signature proved that the sender holds the private one.
 * Names and extensions in it are ignored: who someone is, is not theirs to say. Rejects with
 * `KEYS_BAD_REQUEST` for anything but one P-256 request signed with SHA-256.
 */
export async function readCsrKey(csrPem: string): Promise<KeyObject> {
  const refuse = (why: string): never => {
    throw keysError('KEYS_BAD_REQUEST', `The certificate request ${why}.`);
  };
  const der = parsePem('CERTIFICATE REQUEST', csrPem) ?? refuse('is not one PEM block');
  let request: x509.Pkcs10CertificateRequest;
  let key: KeyObject;
  let algorithm: { name: string; hash?: { name: string } };
  try {
    request = new x509.Pkcs10CertificateRequest(der);
    algorithm = request.signatureAlgorithm as { name: string; hash?: { name: string } };
    const spki = Buffer.from(request.publicKey.rawData);
    // OpenSSL checks that the point lies on the curve.
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return refuse('cannot be read');
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    return refuse('is not over a P-256 key');
  }
  if (algorithm.name !== 'ECDSA' || algorithm.hash?.name !== 'SHA-256') {
    return refuse('is not signed with ECDSA and SHA-256');
  }
  let signed = false;
  try {
    signed = await request.verify();
  } catch {
    // A signature that cannot even be read is a wrong one.
  }
  return signed ? key : refuse('is not signed by its own key');
}
