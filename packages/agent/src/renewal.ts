import { X509Certificate } from 'node:crypto';
import { agentPaths, readRenewResponse } from '@strongroom/api';
import type { RenewRequest } from '@strongroom/api';
import { utf8 } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { makeCsr } from '@strongroom/keys';
import { jsonOf } from './client.js';
import type { ServiceClient } from './client.js';
import { reasonOf } from './configuration.js';
import { checkCertificate } from './enrol.js';
import { limits } from './limits.js';
import type { AgentState } from './state.js';

/** When a certificate is to be renewed, in milliseconds since 1970. */
export function renewAtMs(certificatePem: string): number {
  const certificate = new X509Certificate(certificatePem);
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  return from + (to - from) * limits.renewShare;
}

/** When a certificate ends, in milliseconds since 1970. */
export const notAfterMs = (certificatePem: string): number =>
  Date.parse(new X509Certificate(certificatePem).validTo);

/**
 * Asks for a new certificate over a new key pair, and puts both in the place of the old ones in one
 * step. Until then the old ones stay good: a crash anywhere loses nothing.
 *
 * Returns why it failed, or `undefined` where it is done.
 */
export async function renew(options: {
  client: ServiceClient;
  state: AgentState;
  clock: Clock;
  signal: AbortSignal;
}): Promise<string | undefined> {
  const { state } = options;
  const { csrPem, privateKeyPem } = await makeCsr({ commonName: state.identity.agentId });
  const request: RenewRequest = { csr: csrPem };
  const answer = await options.client.send({
    method: 'POST',
    path: agentPaths.renew,
    headers: { 'content-type': 'application/json' },
    body: utf8(JSON.stringify(request)),
    signal: options.signal,
  });
  if (!answer.arrived || answer.status !== 200) return reasonOf(answer);
  try {
    const response = readRenewResponse(jsonOf(answer));
    if (response === undefined) return 'the answer cannot be read';
    const { certificate, authority } = response;
    const checked = checkCertificate(certificate, { authority, privateKey: privateKeyPem });
    if (Date.parse(checked.validTo) <= options.clock.now()) return 'the new certificate is over';
    // The authority came over the connection that the old one vouches for.
    await state.setIdentity({
      ...state.identity,
      certificate,
      authority,
      privateKey: privateKeyPem,
    });
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'AGENT_PROTOCOL') {
      return error.message;
    }
    throw error;
  }
}
