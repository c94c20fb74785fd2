import { X509Certificate, createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { enrolPath, readEnrolResponse } from '@strongroom/api';
import type { AgentConfiguration, EnrolRequest } from '@strongroom/api';
import { isGuid, utf8 } from '@strongroom/base';
import { assertOutside, makeCsr } from '@strongroom/keys';
import { ServiceClient, jsonOf, refusalOf } from './client.js';
import { storeConfiguration } from './configuration.js';
import { agentError } from './errors.js';
import { holderOf } from './lock.js';
import { checkAuthority, checkPin, fetchPinnedAuthority, serverAddress } from './pin.js';
import { makeDirectoryDurably } from './sealed-file.js';
import { createState, credentialName, isEnrolled, openState, removeState } from './state.js';
import type { AgentPorts, KeyPlace } from './state.js';
import type { System } from './system.js';
import { agentVersion } from './version.js';

/** What an enrolment needs. */
export interface EnrolOptions extends AgentPorts {
  readonly system: System;
  /** `https://HOST:PORT` of the public listener. */
  readonly server: string;
  readonly enrollmentKey: string;
  /** `sha256/…` of the authority's public key, from the enrolment line. */
  readonly pin: string;
  readonly stateDirectory: string;
  /** Where the agent's key file is made, mode 0600; must lie outside the state directory. */
  readonly keyDirectory: string;
  /** `$CREDENTIALS_DIRECTORY`, where systemd holds the agent's key instead of a file. */
  readonly credentialsDirectory?: string;
  /** Instead of the machine's host name. */
  readonly computer?: string;
  /** Enrol anew over an agent that is there; what its spool holds is removed with it. */
  readonly replace?: boolean;
}

/** A new agent. */
export interface Enrolled {
  readonly agentId: string;
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly agentEndpoint: string;
  readonly computer: string;
  /** ISO 8601. */
  readonly certificateNotAfter: string;
  readonly configuration: AgentConfiguration;
}

/**
 * Makes this machine an agent of the workspace that the enrolment key belongs to.
 *
 * The private key is made here and never leaves. The enrolment key is sent only after the server
 * has proved, by a chain to the pinned authority, that it is the one that the line came from.
 */
export async function enrol(options: EnrolOptions): Promise<Enrolled> {
  const { fs, clock, random, stateDirectory } = options;
  const pin = checkPin(options.pin);
  const { host, port, url } = serverAddress(options.server);
  const enrolledBefore = await isEnrolled(fs, stateDirectory);
  if (enrolledBefore) {
    const holder = await holderOf(fs, options.system, stateDirectory);
    if (holder !== undefined) {
      throw agentError('AGENT_ALREADY_RUNNING', `Process ${holder} runs the agent of this state.`);
    }
    if (options.replace !== true) {
      throw agentError('AGENT_ALREADY_ENROLLED', `An agent lives in ${stateDirectory} already.`, {
        hint: 'Run it, or give --replace to enrol anew.',
      });
    }
  }
  // Before the enrolment key is used up on an enrolment that could not be kept.
  assertOutside(stateDirectory, options.keyDirectory);
  const computer = options.computer ?? options.system.hostname();
  const authority = await fetchPinnedAuthority(host, port, pin);
  const { csrPem, privateKeyPem } = await makeCsr({ commonName: computer });
  const body: EnrolRequest = {
    enrollmentKey: options.enrollmentKey,
    csr: csrPem,
    computer,
    osType: 'Linux',
    version: agentVersion,
  };
  const client = new ServiceClient({
    url: url.origin,
    credentials: { authority },
    now: () => clock.now(),
  });
  const answer = await client
    .send({
      method: 'POST',
      path: enrolPath,
      headers: { 'content-type': 'application/json' },
      body: utf8(JSON.stringify(body)),
    })
    .finally(() => client.close());
  if (!answer.arrived) throw agentError('AGENT_SERVER_UNREACHABLE', answer.reason);
  if (answer.status !== 200 && answer.status !== 201) {
    throw agentError(
      'AGENT_ENROLMENT_REFUSED',
      `The service refused the enrolment: ${refusalOf(answer)}`,
      { hint: 'Enrolment keys expire and may be used up or revoked: make a new one.' },
    );
  }
  const response = readEnrolResponse(jsonOf(answer));
  if (response === undefined || !isGuid(response.agentId) || !isGuid(response.workspaceId)) {
    throw agentError('AGENT_PROTOCOL', 'The service answered the enrolment in another form.');
  }
  checkAuthority(response.authority, pin);
  serverAddress(response.agentEndpoint);
  const { verifierKey } = response;
  const certificate = checkCertificate(response.certificate, {
    authority: response.authority,
    privateKey: privateKeyPem,
  });

  if (enrolledBefore) await removeState(fs, stateDirectory);
  await makeDirectoryDurably(fs, stateDirectory);
  const { credentialsDirectory } = options;
  const key: KeyPlace =
    credentialsDirectory !== undefined &&
    (await fs.stat(join(credentialsDirectory, credentialName))) !== undefined
      ? { kind: 'credential', name: credentialName }
      : { kind: 'file', path: join(options.keyDirectory, `agent-${response.agentId}.key`) };
  await createState(
    { fs, clock, random },
    {
      directory: stateDirectory,
      key,
      credentialsDirectory,
      identity: {
        v: 1,
        agentId: response.agentId,
        workspaceId: response.workspaceId,
        workspaceName: response.workspaceName,
        server: url.origin,
        pin,
        agentEndpoint: response.agentEndpoint,
        computer,
        authority: response.authority,
        certificate: response.certificate,
        privateKey: privateKeyPem,
        ...(verifierKey === undefined ? {} : { verifierKey }),
        enrolledAt: new Date(clock.now()).toISOString(),
      },
    },
  );
  const state = await openState(
    { fs, clock, random },
    { directory: stateDirectory, credentialsDirectory },
  );
  try {
    await storeConfiguration(fs, state, response.configuration);
  } finally {
    state.close();
  }
  return {
    agentId: response.agentId,
    workspaceId: response.workspaceId,
    workspaceName: response.workspaceName,
    agentEndpoint: response.agentEndpoint,
    computer,
    certificateNotAfter: new Date(Date.parse(certificate.validTo)).toISOString(),
    configuration: response.configuration,
  };
}

/** The certificates of a bundle: while its authority is replaced, a service has two. */
const authorities = (bundle: string): X509Certificate[] =>
  (bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );

/**
 * Checks a certificate that the service issued: by its authority, over our own key. Throws
 * `AGENT_PROTOCOL`.
 */
export function checkCertificate(
  pem: string,
  options: { authority: string; privateKey: string },
): X509Certificate {
  try {
    const certificate = new X509Certificate(pem);
    const issued = authorities(options.authority).some((authority) =>
      certificate.verify(authority.publicKey),
    );
    const ours = issued && certificate.checkPrivateKey(createPrivateKey(options.privateKey));
    if (ours) return certificate;
  } catch (cause) {
    throw agentError('AGENT_PROTOCOL', 'The service issued no readable certificate.', { cause });
  }
  throw agentError(
    'AGENT_PROTOCOL',
    'The certificate is not over our key or not by the authority.',
  );
}
