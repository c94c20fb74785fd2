import { createHash, X509Certificate } from 'node:crypto';
import { agentId as readAgentId, toHex, workspaceId as readWorkspaceId } from '@strongroom/base';
import type { AgentId, WorkspaceId } from '@strongroom/base';
import { isOneSequence } from './der.js';
import { keysError } from './errors.js';
import { limits } from './limits.js';
import { parsePem } from './pem.js';
import { x509 } from './x509.js';

/** Who a client certificate says that an agent is. True only after TLS verified it up to our authority. */
export interface AgentIdentity {
  readonly agentId: AgentId;
  readonly workspaceId: WorkspaceId;
  /** Lower-case hexadecimal. */
  readonly serial: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

const clientAuth = '1.3.6.1.5.5.7.3.2';
const guid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const agentUri = new RegExp(`^urn:strongroom:workspace:(${guid}):agent:(${guid})$`);

/** The URI that names an agent in its certificate. */
export const agentUriOf = (of: { workspaceId: WorkspaceId; agentId: AgentId }): string =>
  `urn:strongroom:workspace:${of.workspaceId}:agent:${of.agentId}`;

const refuse = (why: string): never => {
  throw keysError('KEYS_BAD_CERTIFICATE', `The certificate ${why}.`);
};

/** The DER of a certificate handed over as DER or as one PEM block. Throws `KEYS_BAD_CERTIFICATE`. */
export function certificateDer(certificate: Uint8Array | string): Uint8Array<ArrayBuffer> {
  if (typeof certificate === 'string') {
    return parsePem('CERTIFICATE', certificate) ?? refuse('is not one PEM block');
  }
  if (certificate.length > limits.pemCharactersMax || !isOneSequence(certificate)) {
    return refuse('is not one DER structure');
  }
  return new Uint8Array(certificate);
}

/** SHA-256 of a certificate's DER, in lower-case hexadecimal. Throws `KEYS_BAD_CERTIFICATE`. */
export const fingerprintOf = (certificate: Uint8Array | string): string =>
  toHex(createHash('sha256').update(certificateDer(certificate)).digest());

/**
 * `sha256/` and the base64 of SHA-256 over a certificate's public key (SPKI): what an enrolment line
 * pins. Throws `KEYS_BAD_CERTIFICATE`.
 */
export function spkiPin(certificate: Uint8Array | string): string {
  const spki = nodeCertificate(certificateDer(certificate)).publicKey.export({
    format: 'der',
    type: 'spki',
  });
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`;
}

function nodeCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    return refuse('cannot be read');
  }
}

/**
 * Reads who an agent's certificate speaks for: strictly the form that our authority issues, so that
 * no other certificate of ours and no cleverly written name passes. Throws `KEYS_BAD_CERTIFICATE`.
 *
 * It does not verify the signature: hand it only what TLS verified against our authority.
 */
export function readAgentIdentity(certificate: Uint8Array | string): AgentIdentity {
  const der = certificateDer(certificate);
  let parsed: x509.X509Certificate;
  let uri: string;
  let commonName: string;
  try {
    parsed = new x509.X509Certificate(der);
    uri = onlyUri(parsed);
    commonName = onlyCommonName(parsed);
    checkUse(parsed);
  } catch (error) {
    if (error instanceof Error && error.name === 'StrongroomError') throw error;
    return refuse('cannot be read');
  }
  const match = agentUri.exec(uri);
  if (match === null) return refuse('does not name an agent');
  const [workspaceId, agentId] = [readWorkspaceId(match[1]!), readAgentId(match[2]!)];
  if (commonName !== agentId) return refuse('names two agents');
  return {
    agentId,
    workspaceId,
    serial: parsed.serialNumber.toLowerCase(),
    fingerprint: fingerprintOf(der),
    notBefore: parsed.notBefore.getTime(),
    notAfter: parsed.notAfter.getTime(),
  };
}

function onlyUri(certificate: x509.X509Certificate): string {
  const found = certificate.getExtensions(x509.SubjectAlternativeNameExtension);
  const [name, ...others] = found.flatMap((extension) => extension.names.items);
  if (found.length !== 1 || name === undefined || others.length > 0 || name.type !== 'url') {
    return refuse('does not have one URI as its only name');
  }
  return name.value;
}

function onlyCommonName(certificate: x509.X509Certificate): string {
  const subject = certificate.subjectName.toJSON();
  const [field, ...others] = subject.flatMap((set) => Object.entries(set));
  if (field === undefined || others.length > 0 || field[0] !== 'CN' || field[1].length !== 1) {
    return refuse('does not have a common name as its only subject');
  }
  return field[1][0]!;
}

function checkUse(certificate: x509.X509Certificate): void {
  const usages = certificate.getExtensions(x509.ExtendedKeyUsageExtension);
  if (usages.length !== 1 || usages[0]?.usages.join() !== clientAuth) {
    refuse('is not for client authentication alone');
  }
  const constraints = certificate.getExtensions(x509.BasicConstraintsExtension);
  if (constraints.length !== 1 || constraints[0]?.ca !== false) refuse('may be an authority');
}
