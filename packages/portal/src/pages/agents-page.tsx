import type {
  AgentSummary,
  EnrollmentKeySummary,
  NewEnrollmentKey,
  ValueList,
} from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import { useEffect, useState } from 'react';
import type { AgentHealth } from '../logic/agent-status.js';
import { agentHealth, relativeTime } from '../logic/agent-status.js';
import { pollIntervalMs } from '../logic/limits.js';
import { formatDatetime } from '../logic/values.js';
import { CopyButton } from '../parts/copy-button.js';
import { Confirmation, FormDialog, ResultDialog } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { ListPanel } from '../parts/list.js';
import { useAct, useLoaded } from '../parts/loaded.js';
import { ActError, Badge, EmptyState } from '../parts/states.js';
import { useSession } from '../session.js';

const healthWords: Record<AgentHealth, { tone: 'good' | 'warn' | 'bad' | 'quiet'; text: string }> =
  {
    healthy: { tone: 'good', text: 'Healthy' },
    late: { tone: 'warn', text: 'Late' },
    silent: { tone: 'bad', text: 'Silent' },
    never: { tone: 'quiet', text: 'Not heard yet' },
    revoked: { tone: 'quiet', text: 'Revoked' },
  };

function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function AgentsPage() {
  const { server, workspace } = useSession();
  const id = workspace?.workspaceId ?? '';
  const nowMs = useNow(1000);
  const agents = useLoaded(
    `agents ${id}`,
    async (signal) =>
      (await server.get<ValueList<AgentSummary>>(portalPaths.agents(id), signal)).value,
    pollIntervalMs,
  );
  const keys = useLoaded(
    `keys ${id}`,
    async (signal) =>
      (await server.get<ValueList<EnrollmentKeySummary>>(portalPaths.enrollmentKeys(id), signal))
        .value,
  );
  const [enrolling, setEnrolling] = useState(false);
  const [revoking, setRevoking] = useState<AgentSummary>();
  const [endingKey, setEndingKey] = useState<EnrollmentKeySummary>();
  const [renewed, setRenewed] = useState<NewEnrollmentKey>();
  const act = useAct();

  if (!workspace) return <EmptyState icon="server" title="Choose a workspace to see its agents" />;
  const active = agents.value?.filter(({ state }) => state === 'Active') ?? [];
  const healthy = active.filter((agent) => agentHealth(agent, nowMs) === 'healthy').length;
  return (
    <div className="content">
      <header className="page-head">
        <div>
          <h1>Agents</h1>
          <p>
            Machines that send logs to <strong>{workspace.name}</strong>
            {active.length > 0 ? `: ${healthy} of ${active.length} healthy.` : '.'}
          </p>
        </div>
        <button type="button" className="button primary" onClick={() => setEnrolling(true)}>
          <Icon name="plus" size={15} /> Enrol a machine
        </button>
      </header>

      <ListPanel
        label="Agents"
        loaded={agents}
        failed="The agents could not be listed"
        none={
          <EmptyState icon="server" title="No agents yet">
            <p>An agent collects a machine’s logs and counters. It takes one line to enrol one.</p>
            <button type="button" className="button primary" onClick={() => setEnrolling(true)}>
              Enrol a machine
            </button>
          </EmptyState>
        }
        rowKey={({ agentId }) => agentId}
        isFaded={({ state }) => state === 'Revoked'}
        columns={[
          {
            head: 'Computer',
            cell: ({ computer, agentId }) => (
              <>
                {computer}
                <small title={agentId}>{agentId.slice(0, 8)}</small>
              </>
            ),
          },
          {
            head: 'Status',
            cell: (agent) => {
              const health = healthWords[agentHealth(agent, nowMs)];
              return <Badge tone={health.tone}>{health.text}</Badge>;
            },
          },
          {
            head: 'Last heartbeat',
            cell: ({ lastHeartbeat }) => relativeTime(lastHeartbeat, nowMs),
            title: ({ lastHeartbeat }) => lastHeartbeat ?? undefined,
          },
          {
            head: 'Version',
            cell: ({ version, osType }) => (
              <>
                {version} <small>{osType}</small>
              </>
            ),
          },
          {
            head: 'Enrolled',
            cell: ({ enrolledAt }) => relativeTime(enrolledAt, nowMs),
            title: ({ enrolledAt }) => enrolledAt,
          },
          {
            head: 'Certificate ends',
            cell: ({ certificateNotAfter }) => relativeTime(certificateNotAfter, nowMs),
            title: ({ certificateNotAfter }) => certificateNotAfter,
          },
        ]}
        actions={(agent) =>
          agent.state === 'Active' && (
            <button
              type="button"
              className="button small"
              aria-label={`Revoke ${agent.computer}`}
              onClick={() => setRevoking(agent)}
            >
              Revoke
            </button>
          )
        }
      />

      <header className="section-head">
        <h2>Enrolment keys</h2>
        <p>A key lets machines enrol until it expires; it is shown once, when it is made.</p>
      </header>
      <ListPanel
        label="Enrolment keys"
        loaded={keys}
        failed="The keys could not be listed"
        none="There are no keys. Enrolling a machine makes one."
        rowKey={({ keyId }) => keyId}
        isFaded={({ state }) => state !== 'Active'}
        columns={[
          {
            head: 'Key',
            cell: ({ description, keyId }) => (
              <>
                {description || 'Unnamed key'}
                <small title={keyId}>{keyId.slice(0, 8)}</small>
              </>
            ),
          },
          {
            head: 'State',
            cell: ({ state }) => (
              <Badge tone={state === 'Active' ? 'good' : 'quiet'}>
                {state === 'UsedUp' ? 'Used up' : state}
              </Badge>
            ),
          },
          { head: 'Uses left', cell: ({ usesLeft }) => usesLeft ?? 'No limit' },
          {
            head: 'Made',
            cell: ({ createdAt }) => relativeTime(createdAt, nowMs),
            title: ({ createdAt }) => createdAt,
          },
          {
            head: 'Expires',
            cell: ({ expiresAt }) => relativeTime(expiresAt, nowMs),
            title: ({ expiresAt }) => expiresAt,
          },
        ]}
        actions={(key) => (
          <>
            <button
              type="button"
              className="button small"
              disabled={act.busy}
              aria-label={`Regenerate ${key.description || key.keyId}`}
              onClick={() =>
                act.run(async () => {
                  setRenewed(
                    await server.send<NewEnrollmentKey>(
                      'POST',
                      portalPaths.regenerateEnrollmentKey(id, key.keyId),
                    ),
                  );
                  keys.reload();
                })
              }
            >
              Regenerate
            </button>
            {key.state === 'Active' && (
              <button
                type="button"
                className="button small"
                aria-label={`Revoke key ${key.description || key.keyId}`}
                onClick={() => setEndingKey(key)}
              >
                Revoke
              </button>
            )}
          </>
        )}
      >
        {!revoking && !endingKey && <ActError error={act.error} padded />}
      </ListPanel>

      {enrolling && (
        <EnrolDialog
          workspaceId={id}
          workspaceName={workspace.name}
          onClose={() => {
            setEnrolling(false);
            keys.reload();
            agents.reload();
          }}
        />
      )}
      {renewed && (
        <ResultDialog title="The new key" wide onClose={() => setRenewed(undefined)}>
          <NewKey made={renewed} />
        </ResultDialog>
      )}
      {revoking && (
        <Confirmation
          title={`Revoke ${revoking.computer}?`}
          action="Revoke agent"
          busy={act.busy}
          error={act.error}
          onClose={() => {
            setRevoking(undefined);
            act.clear();
          }}
          onConfirm={() =>
            act.run(async () => {
              await server.send('POST', portalPaths.revokeAgent(id, revoking.agentId));
              setRevoking(undefined);
              agents.reload();
            })
          }
        >
          <p>
            Its certificate is refused at once, and it sends nothing more. Rows that it sent stay.
            The machine can be enrolled again with a key.
          </p>
        </Confirmation>
      )}
      {endingKey && (
        <Confirmation
          title={`Revoke the key ${endingKey.description || endingKey.keyId.slice(0, 8)}?`}
          action="Revoke key"
          busy={act.busy}
          error={act.error}
          onClose={() => {
            setEndingKey(undefined);
            act.clear();
          }}
          onConfirm={() =>
            act.run(async () => {
              await server.send('DELETE', portalPaths.enrollmentKey(id, endingKey.keyId));
              setEndingKey(undefined);
              keys.reload();
            })
          }
        >
          <p>No machine can enrol with it any more. Agents that enrolled with it go on.</p>
        </Confirmation>
      )}
    </div>
  );
}

function NewKey({ made }: { readonly made: NewEnrollmentKey }) {
  return (
    <div className="dialog-body">
      <p>Run this line on the machine that is to be enrolled. It is shown only now.</p>
      <div className="command">
        <code data-testid="enrol-command">{made.command}</code>
        <CopyButton className="button" label="Copy" showLabel text={made.command} />
      </div>
      <p className="quiet-note">
        The key in it works until {formatDatetime(made.expiresAt, 'local').slice(0, 16)}.
      </p>
    </div>
  );
}

function EnrolDialog(props: {
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly onClose: () => void;
}) {
  const { server } = useSession();
  const act = useAct();
  const [made, setMade] = useState<NewEnrollmentKey>();
  const [description, setDescription] = useState('');
  const [hours, setHours] = useState('24');
  const [uses, setUses] = useState('');
  if (made) {
    return (
      <ResultDialog title="Enrol a machine" wide onClose={props.onClose}>
        <NewKey made={made} />
      </ResultDialog>
    );
  }
  return (
    <FormDialog
      title="Enrol a machine"
      wide
      action="Make the line"
      busy={act.busy}
      error={act.error}
      onClose={props.onClose}
      onSubmit={() =>
        act.run(async () => {
          setMade(
            await server.send<NewEnrollmentKey>(
              'POST',
              portalPaths.enrollmentKeys(props.workspaceId),
              {
                description: description.trim(),
                expiresInHours: Number(hours),
                ...(uses === '' ? {} : { usesMax: Number(uses) }),
              },
            ),
          );
        })
      }
    >
      <p>
        This makes a key for <strong>{props.workspaceName}</strong> and the one line that enrols a
        machine with it.
      </p>
      <label>
        Description
        <input
          className="input"
          value={description}
          maxLength={256}
          placeholder="For which machines"
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
      </label>
      <div className="field-pair">
        <label>
          Expires after
          <select
            className="select"
            aria-label="Expires after"
            value={hours}
            onChange={(event) => setHours(event.currentTarget.value)}
          >
            <option value="1">1 hour</option>
            <option value="24">1 day</option>
            <option value="168">1 week</option>
            <option value="720">30 days</option>
          </select>
        </label>
        <label>
          Machines
          <input
            className="input"
            type="number"
            min={1}
            step={1}
            value={uses}
            placeholder="No limit"
            onChange={(event) => setUses(event.currentTarget.value)}
          />
        </label>
      </div>
    </FormDialog>
  );
}
