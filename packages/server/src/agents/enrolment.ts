import { agentPaths, enrolPath, enrolRequest, renewRequest } from '@strongroom/api';
import type { EnrolResponse, RenewResponse } from '@strongroom/api';
import { StrongroomError, agentId as readAgentId } from '@strongroom/base';
import type { Clock, Random, WorkspaceId } from '@strongroom/base';
import type { Authority } from '@strongroom/keys';
import type { Audit } from '../audit/audit.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredAgent } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { controlBodyLimits, jsonAnswer, readJsonBody } from '../http/read-body.js';
import { readSchema } from '../http/read-schema.js';
import type { AuthenticatedHandler, Handler, Incoming } from '../http/request.js';
import type { RefusalLog } from '../identity/refusal-log.js';
import { secretHash } from '../identity/secrets.js';
import { createThrottle } from '../identity/throttle.js';
import type { AgentDirectory } from './agent-directory.js';
import { agentConfigurationOf } from './configuration.js';
import { keyState } from './enrollment-keys.js';
import { agentLimits } from './limits.js';

interface EnrolmentOptions {
  readonly catalog: Catalog;
  readonly authority: Authority;
  /** Key of a workspace's ledger in the form of c2sp.org/signed-note. */
  readonly verifierKey: (workspaceId: WorkspaceId) => Promise<string>;
  readonly audit: Audit;
  readonly refusals: RefusalLog;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Enrolment on the public listener: a key and a certificate request in, a certificate out. The
 * workspace is the key's; nothing in the request names one.
 */
export function createEnrolHandler(options: EnrolmentOptions): Handler {
  const { catalog, authority, audit, refusals, clock, random } = options;
  const throttle = createThrottle({
    clock,
    free: agentLimits.enrolFailuresFree,
    failuresMax: agentLimits.enrolFailuresMax,
  });

  const refuse = async (request: Incoming, reason: string, message: string): Promise<never> => {
    throttle.failed(request.callerIp);
    await refusals.record({
      principal: { anonymous: true },
      operation: 'Microsoft.Strongroom/agents/enrol/action',
      outcome: 'Refused',
      target: enrolPath,
      reason,
      callerIp: request.callerIp,
      correlationId: request.correlationId,
    });
    throw new HttpError(403, reason, message);
  };

  return async (request) => {
    if (request.path.key !== enrolPath) return undefined;
    if (request.method !== 'POST') throw methodNotAllowed('POST');
    const waitMs = throttle.waitMs(request.callerIp);
    if (waitMs > 0) {
      throw new HttpError(429, 'TooManyRequests', 'Too many failed enrolments. Try later.', {
        headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
      });
    }
    const body = readSchema(
      enrolRequest,
      await readJsonBody(request, controlBodyLimits.strangerJsonBytesMax),
    );
    const known = catalog.snapshot.enrollmentKeysByHash.get(secretHash(body.enrollmentKey));
    if (known === undefined) {
      return refuse(request, 'EnrollmentKeyInvalid', 'The enrolment key is not valid.');
    }
    const state = keyState(known, clock.now());
    if (state !== 'Active' || catalog.workspace(known.workspaceId) === undefined) {
      return refuse(
        request,
        'EnrollmentKeyInvalid',
        `The enrolment key cannot be used: ${state === 'Active' ? 'its workspace is gone' : state}.`,
      );
    }
    const agentId = readAgentId(random.uuid());
    const issued = await issue(options, {
      csrPem: body.csr,
      agentId,
      workspaceId: known.workspaceId,
    });
    await audit.record({
      principal: { anonymous: true, claimed: body.computer },
      operation: 'Microsoft.Strongroom/agents/enrol/action',
      outcome: 'Started',
      target: agentId,
      workspaceId: known.workspaceId,
      callerIp: request.callerIp,
      correlationId: request.correlationId,
      properties: { keyId: known.id, serial: issued.serial },
    });
    const now = clock.now();
    await catalog.change(async (write, snapshot) => {
      // Checked again here, where changes come one at a time: two machines with a key for one.
      const key = snapshot.enrollmentKeys.get(known.id);
      if (key === undefined || key.hash !== known.hash || keyState(key, now) !== 'Active') {
        throw new HttpError(403, 'EnrollmentKeyInvalid', 'The enrolment key was just used up.');
      }
      let enrolled = 0;
      for (const agent of snapshot.agents.values()) {
        if (agent.workspaceId === key.workspaceId && agent.revokedAt === undefined) enrolled += 1;
      }
      if (enrolled >= agentLimits.agentsPerWorkspaceMax) {
        throw new HttpError(
          409,
          'AgentLimitReached',
          `A workspace may have ${agentLimits.agentsPerWorkspaceMax} agents.`,
        );
      }
      await write.putEnrollmentKey({ ...key, uses: key.uses + 1 });
      await write.putAgent({
        id: agentId,
        workspaceId: key.workspaceId,
        computer: body.computer,
        osType: body.osType,
        version: body.version,
        enrolledAt: now,
        keyId: key.id,
        serial: issued.serial,
        notAfter: issued.notAfter,
        previousSerial: undefined,
        renewedAt: undefined,
        revokedAt: undefined,
        lastSeenAt: undefined,
      });
    });
    throttle.succeeded(request.callerIp);
    const workspace = catalog.workspace(known.workspaceId);
    const answer: EnrolResponse = {
      agentId,
      workspaceId: known.workspaceId,
      workspaceName: workspace?.name ?? '',
      certificate: issued.certificatePem,
      authority: authority.certificatePem,
      agentEndpoint: request.origin,
      verifierKey: await options.verifierKey(known.workspaceId),
      configuration: agentConfigurationOf(catalog, known.workspaceId),
    };
    return jsonAnswer(200, answer);
  };
}

/** What an enrolled agent asks beside sending rows: its configuration, and a new certificate. */
export function createAgentControl(
  options: EnrolmentOptions & { readonly agents: AgentDirectory },
): AuthenticatedHandler {
  const { catalog, authority, audit } = options;
  return async (request, principal) => {
    const agent = catalog.snapshot.agents.get(principal.id);
    switch (request.path.key) {
      case agentPaths.configuration: {
        if (request.method !== 'GET') throw methodNotAllowed('GET');
        const id = agentOf(agent).workspaceId;
        return jsonAnswer(200, agentConfigurationOf(catalog, id));
      }
      case agentPaths.renew: {
        if (request.method !== 'POST') throw methodNotAllowed('POST');
        const body = readSchema(renewRequest, await readJsonBody(request));
        const { id, workspaceId } = agentOf(agent);
        const issued = await issue(options, { csrPem: body.csr, agentId: id, workspaceId });
        await audit.record({
          principal,
          operation: 'Microsoft.Strongroom/agents/renew/action',
          outcome: 'Started',
          target: id,
          workspaceId,
          callerIp: request.callerIp,
          correlationId: request.correlationId,
          properties: { serial: issued.serial },
        });
        await options.agents.renew(id, issued);
        const answer: RenewResponse = {
          certificate: issued.certificatePem,
          authority: authority.certificatePem,
        };
        return jsonAnswer(200, answer);
      }
      default:
        return undefined;
    }
  };
}

function agentOf(agent: StoredAgent | undefined): StoredAgent {
  if (agent === undefined) throw new HttpError(403, 'AgentRefused', 'The agent is not enrolled.');
  return agent;
}

const methodNotAllowed = (method: string): HttpError =>
  new HttpError(405, 'MethodNotAllowed', `Only ${method} is allowed here.`, {
    headers: { allow: method },
  });

async function issue(
  { authority }: EnrolmentOptions,
  wanted: Omit<Parameters<Authority['issueAgentCertificate']>[0], 'days'>,
): ReturnType<Authority['issueAgentCertificate']> {
  try {
    return await authority.issueAgentCertificate({
      ...wanted,
      days: agentLimits.certificateDays,
    });
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'KEYS_BAD_REQUEST') {
      throw new HttpError(400, 'InvalidCertificateRequest', error.message);
    }
    throw error;
  }
}
