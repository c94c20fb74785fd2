import type { AgentSummary } from '@strongroom/api';
import { agentLateAfterMs, agentSilentAfterMs } from './limits.js';

/** How an agent is, from when it last spoke. */
export type AgentHealth = 'healthy' | 'late' | 'silent' | 'never' | 'revoked';

export function agentHealth(
  agent: Pick<AgentSummary, 'state' | 'lastHeartbeat'>,
  nowMs: number,
): AgentHealth {
  if (agent.state === 'Revoked') return 'revoked';
  const last = agent.lastHeartbeat === null ? NaN : Date.parse(agent.lastHeartbeat);
  if (Number.isNaN(last)) return 'never';
  const silenceMs = nowMs - last;
  if (silenceMs < agentLateAfterMs) return 'healthy';
  return silenceMs < agentSilentAfterMs ? 'late' : 'silent';
}

/** `5 s ago`, `in 3 d`: an instant as people say it. */
export function relativeTime(iso: string | null | undefined, nowMs: number): string {
  const at = iso ? Date.parse(iso) : NaN;
  if (Number.isNaN(at)) return 'never';
  const seconds = Math.round((nowMs - at) / 1000);
  const amount = Math.abs(seconds);
  if (amount < 5) return 'now';
  const text =
    amount < 60
      ? `${amount} s`
      : amount < 3_600
        ? `${Math.floor(amount / 60)} min`
        : amount < 86_400
          ? `${Math.floor(amount / 3_600)} h`
          : `${Math.floor(amount / 86_400)} d`;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}
