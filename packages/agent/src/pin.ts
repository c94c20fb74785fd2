import { X509Certificate, createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { agentError, messageOf } from './errors.js';
import { limits } from './limits.js';

/** `sha256/<base64>` of a certificate's public key (SubjectPublicKeyInfo), as in RFC 7469 §2.4. */
export function pinOf(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256/${createHash('sha256').update(key).digest('base64')}`;
}

/** Checks the form of a pin. Throws `AGENT_BAD_PIN`. */
export function checkPin(pin: string): string {
  if (!/^sha256\/[A-Za-z0-9+/]{43}=$/.test(pin)) {
    throw agentError('AGENT_BAD_PIN', 'The pin is not sha256/ and 44 letters of base64.', {
      hint: 'Copy the whole enrolment line from the portal or from the CLI.',
    });
  }
  return pin;
}

/** A server's address. Throws `AGENT_BAD_ADDRESS`. */
export function serverAddress(url: string): { url: URL; host: string; port: number } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw agentError('AGENT_BAD_ADDRESS', `${JSON.stringify(url)} is not an address.`);
  }
  if (parsed.protocol !== 'https:' || parsed.username !== '' || parsed.password !== '') {
    throw agentError('AGENT_BAD_ADDRESS', `${parsed.host} must be given as https://HOST:PORT.`);
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return { url: parsed, host, port: parsed.port === '' ? 443 : Number(parsed.port) };
}

/** The chain that a server shows, its own certificate first. Nothing of it is believed yet. */
function shownChain(host: string, port: number): Promise<X509Certificate[]> {
  return new Promise((resolve, reject) => {
    // The one connection that is not verified. It sends nothing, and only asks who is there: what it
    // learns counts only where the pin, which came another way, confirms it.
    const socket = connect({
      host,
      port,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(
        agentError('AGENT_SERVER_UNREACHABLE', `${host}:${port}: ${messageOf(error)}`, {
          cause: error,
        }),
      );
    };
    socket.setTimeout(limits.requestTimeoutMs, () => fail(new Error('no answer')));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      const chain: X509Certificate[] = [];
      let next = socket.getPeerX509Certificate();
      while (next !== undefined && chain.length < 8) {
        chain.push(next);
        const issuer: X509Certificate | undefined = next.issuerCertificate;
        if (issuer === undefined || issuer.fingerprint256 === next.fingerprint256) break;
        next = issuer;
      }
      socket.destroy();
      resolve(chain);
    });
  });
}

/**
 * The authority of a server, as PEM, verified against the pin.
 *
 * The caller connects again with this authority as the only one trusted: TLS then verifies chain,
 * name and time. Throws `AGENT_PIN_MISMATCH`, `AGENT_SERVER_UNREACHABLE`.
 */
export async function fetchPinnedAuthority(
  host: string,
  port: number,
  pin: string,
): Promise<string> {
  const chain = await shownChain(host, port);
  const authority = chain.find((certificate) => certificate.ca && pinOf(certificate) === pin);
  const leaf = chain[0];
  if (authority === undefined || leaf === undefined) {
    throw agentError('AGENT_PIN_MISMATCH', `${host}:${port} does not show the pinned authority.`, {
      hint: 'The pin is wrong or of another service, or someone stands between. Nothing was sent.',
    });
  }
  const nameMatches =
    isIP(host) === 0 ? leaf.checkHost(host) !== undefined : leaf.checkIP(host) !== undefined;
  if (!leaf.verify(authority.publicKey) || !nameMatches) {
    throw agentError(
      'AGENT_PIN_MISMATCH',
      `The certificate of ${host}:${port} is not one that the pinned authority made for that name.`,
    );
  }
  return authority.toString();
}

/** Checks that an authority's certificate is the pinned one. Throws `AGENT_PIN_MISMATCH`. */
export function checkAuthority(authorityPem: string, pin: string): void {
  let actual: string;
  try {
    actual = pinOf(new X509Certificate(authorityPem));
  } catch (cause) {
    throw agentError('AGENT_PROTOCOL', 'The authority is not a certificate.', { cause });
  }
  if (actual !== pin) {
    throw agentError('AGENT_PIN_MISMATCH', 'The authority is not the pinned one.');
  }
}
