import { makeCsr, openAuthority, openLocalKeystore, openServiceKeys } from '@strongroom/keys';
import type { Authority, IssuedCertificate } from '@strongroom/keys';
import { agentId, workspaceId } from '@strongroom/base';
import type { AgentId, Clock, WorkspaceId } from '@strongroom/base';
import { systemClock, systemRandom as random } from '@strongroom/platform';
import { FaultyFs } from './faulty-fs.js';

/** A real authority on a disk in memory, and what tests of TLS ask of it. */
export interface TestAuthority {
  readonly authority: Authority;
  /** A client certificate for an agent, enrolled as a real one is. */
  enrol(of?: { agentId?: AgentId; workspaceId?: WorkspaceId; days?: number }): Promise<
    IssuedCertificate & {
      readonly privateKeyPem: string;
      readonly agentId: AgentId;
      readonly workspaceId: WorkspaceId;
    }
  >;
}

/** Makes an authority. `clock`: for certificates that are expired or not yet valid. */
export async function testAuthority(clock: Clock = systemClock): Promise<TestAuthority> {
  const fs = new FaultyFs();
  const provider = await openLocalKeystore({ path: '/root/root.key', fs, random, create: true });
  const serviceKeys = await openServiceKeys({ provider, directory: '/keys', fs, random });
  const authority = await openAuthority({ serviceKeys, directory: '/keys', fs, clock, random });
  return {
    authority,
    async enrol(of = {}) {
      const names = {
        agentId: of.agentId ?? agentId(random.uuid()),
        workspaceId: of.workspaceId ?? workspaceId(random.uuid()),
      };
      const { csrPem, privateKeyPem } = await makeCsr({ commonName: names.agentId });
      const issued = await authority.issueAgentCertificate({
        csrPem,
        days: of.days ?? 90,
        ...names,
      });
      return { ...issued, ...names, privateKeyPem };
    },
  };
}
