import { createHash } from 'node:crypto';
import { StrongroomError, agentId as readAgentId, principalId } from '@strongroom/base';
import type { Clock } from '@strongroom/base';
import { readAgentIdentity } from '@strongroom/keys';
import type { AgentIdentity } from '@strongroom/keys';
import type { AgentSummary } from '@strongroom/api';
import type { Principal } from '../access/principal.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredAgent } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { agentLimits } from './limits.js';

/** The enrolled agents: who a certificate is, who is revoked, who was heard when. */
export interface AgentDirectory {
  /**
   * The agent of a certificate that TLS verified against our authority. Throws a 403 for an agent
   * that is revoked or unknown, for one whose workspace is gone, and for a certificate that a
   * renewal has replaced.
   */
  readPrincipal(certificateDer: Uint8Array): Principal;
  /**
   * Keeps a renewed certificate. The one before it counts until ten minutes after the new one was
   * first used, however long that takes: an answer lost on its way must not lock an agent out.
   */
  renew(id: string, issued: { serial: string; notAfter: number }): Promise<void>;
  /** Revokes and tells {@link onRevoked}. The agent's next request is refused. */
  revoke(agent: StoredAgent): Promise<void>;
  /** Called with the agent's id when it was revoked: the listener then cuts its connections. */
  onRevoked(listener: (agentId: string) => void): void;
  summaries(workspaceId: string): readonly AgentSummary[];
  /** Writes down when agents were last heard. */
  flush(): Promise<void>;
  /** Flushes and stops. */
  close(): Promise<void>;
}

const refused = (message: string): HttpError => new HttpError(403, 'AgentRefused', message);

export function createAgentDirectory(options: { catalog: Catalog; clock: Clock }): AgentDirectory {
  const { catalog, clock } = options;
  const lastSeenAt = new Map<string, number>();
  const unwritten = new Map<string, number>();
  const listeners: ((agentId: string) => void)[] = [];
  let flushedAt = clock.monotonicMs();

  const flush = async (): Promise<void> => {
    flushedAt = clock.monotonicMs();
    const times = new Map(unwritten);
    unwritten.clear();
    await catalog.keepAgentTimes(times);
  };
  let flushing: Promise<void> = Promise.resolve();

  /** First uses of the newest certificates by their serials, as long as they are not written. */
  const firstUses = new Map<string, number>();
  const firstUseOf = (agent: StoredAgent): number | undefined =>
    agent.renewedAt ?? firstUses.get(agent.serial);
  const noticeUse = (agent: StoredAgent, serial: string): void => {
    if (agent.previousSerial === undefined || serial !== agent.serial) return;
    if (firstUseOf(agent) !== undefined) return;
    const at = clock.now();
    firstUses.set(serial, at);
    const keep = catalog.change(async (write, snapshot) => {
      const newest = snapshot.agents.get(agent.id);
      if (newest?.serial === serial) await write.putAgent({ ...newest, renewedAt: at });
    });
    // Where it cannot be written the old certificate counts on after a restart, which is no harm.
    flushing = keep.then(
      () => void firstUses.delete(serial),
      () => undefined,
    );
  };

  const heard = (agent: StoredAgent): void => {
    lastSeenAt.set(agent.id, clock.now());
    unwritten.set(agent.id, clock.now());
    if (clock.monotonicMs() - flushedAt < agentLimits.lastSeenIntervalMs) return;
    flushedAt = clock.monotonicMs();
    // Only a convenience for people: where it fails the next one writes it.
    flushing = flush().catch(() => undefined);
  };

  /** Reading a certificate takes milliseconds and gives the same each time: agents send often. */
  const identities = new Map<string, AgentIdentity>();
  const identify = (certificateDer: Uint8Array): AgentIdentity => {
    const key = createHash('sha256').update(certificateDer).digest('base64');
    let identity = identities.get(key);
    if (identity !== undefined) return identity;
    try {
      identity = readAgentIdentity(certificateDer);
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      throw refused('The certificate is not one of an agent.');
    }
    if (identities.size >= agentLimits.identitiesMax) identities.clear();
    identities.set(key, identity);
    return identity;
  };

  return {
    readPrincipal: (certificateDer) => {
      const identity = identify(certificateDer);
      const agent = catalog.snapshot.agents.get(identity.agentId);
      if (
        agent === undefined ||
        agent.workspaceId !== identity.workspaceId ||
        catalog.workspace(agent.workspaceId) === undefined
      ) {
        throw refused('The agent is not enrolled here.');
      }
      if (agent.revokedAt !== undefined) throw refused('The agent is revoked.');
      const now = clock.now();
      const usedAt = firstUseOf(agent) ?? now;
      const isPrevious =
        identity.serial === agent.previousSerial &&
        now - usedAt < agentLimits.previousCertificateMs;
      if (identity.notAfter <= now || (identity.serial !== agent.serial && !isPrevious)) {
        throw refused('The certificate was replaced by a newer one, or has expired.');
      }
      noticeUse(agent, identity.serial);
      heard(agent);
      return {
        kind: 'Agent',
        id: principalId(agent.id),
        name: agent.id,
        workspaceId: agent.workspaceId,
        proof: 'certificate',
      };
    },
    renew: (id, issued) =>
      catalog.change(async (write, snapshot) => {
        const before = snapshot.agents.get(id);
        if (before === undefined || before.revokedAt !== undefined) {
          throw refused('The agent is revoked.');
        }
        const neverUsed = before.previousSerial !== undefined && firstUseOf(before) === undefined;
        await write.putAgent({
          ...before,
          serial: issued.serial,
          notAfter: issued.notAfter,
          // A certificate that was never used is one that never arrived: the agent asks again with
          // the one before it, which it still holds.
          previousSerial: neverUsed ? before.previousSerial : before.serial,
          renewedAt: undefined,
        });
      }),
    revoke: async (agent) => {
      await catalog.change(async (write, snapshot) => {
        const now = snapshot.agents.get(readAgentId(agent.id)) ?? agent;
        await write.putAgent({ ...now, revokedAt: clock.now() });
      });
      for (const listener of listeners) listener(agent.id);
    },
    onRevoked: (listener) => {
      listeners.push(listener);
    },
    summaries: (workspaceId) =>
      [...catalog.snapshot.agents.values()]
        .filter((agent) => agent.workspaceId === workspaceId)
        .map((agent) => summarize(agent, lastSeenAt.get(agent.id))),
    flush,
    close: async () => {
      await flushing;
      await flush();
    },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

const summarize = (agent: StoredAgent, heardAt: number | undefined): AgentSummary => {
  const last = heardAt ?? agent.lastSeenAt;
  return {
    agentId: agent.id,
    computer: agent.computer,
    osType: agent.osType,
    version: agent.version,
    enrolledAt: iso(agent.enrolledAt),
    certificateNotAfter: iso(agent.notAfter),
    lastHeartbeat: last === undefined ? null : iso(last),
    state: agent.revokedAt === undefined ? 'Active' : 'Revoked',
  };
};
