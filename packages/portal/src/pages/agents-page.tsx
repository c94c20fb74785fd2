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
import { Confirmation, Dialog } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { useAct, useLoaded } from '../parts/loaded.js';
import { Badge, EmptyState, FailureState, LoadingRows } from '../parts/states.js';
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

      <section className="panel" aria-label="Agents">
        {agents.error !== undefined && !agents.value ? (
          <FailureState
            title="The agents could not be listed"
            message={agents.error}
            onRetry={agents.reload}
          />
        ) : !agents.value ? (
          <LoadingRows />
        ) : agents.value.length === 0 ? (
          <EmptyState icon="server" title="No agents yet">
            <p>An agent collects a machine’s logs and counters. It takes one line to enrol one.</p>
            <button type="button" className="button primary" onClick={() => setEnrolling(true)}>
              Enrol a machine
            </button>
          </EmptyState>
        ) : (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Computer</th>
                <th scope="col">Status</th>
                <th scope="col">Last heartbeat</th>
                <th scope="col">Version</th>
                <th scope="col">Enrolled</th>
                <th scope="col">Certificate ends</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {agents.value.map((agent) => {
                const health = healthWords[agentHealth(agent, nowMs)];
                return (
                  <tr
                    key={agent.agentId}
                    className={agent.state === 'Revoked' ? 'faded' : undefined}
                  >
                    <th scope="row">
                      {agent.computer}
                      <small title={agent.agentId}>{agent.agentId.slice(0, 8)}</small>
                    </th>
                    <td>
                      <Badge tone={health.tone}>{health.text}</Badge>
                    </td>
                    <td title={agent.lastHeartbeat ?? undefined}>
                      {relativeTime(agent.lastHeartbeat, nowMs)}
                    </td>
                    <td>
                      {agent.version} <small>{agent.osType}</small>
                    </td>
                    <td title={agent.enrolledAt}>{relativeTime(agent.enrolledAt, nowMs)}</td>
                    <td title={agent.certificateNotAfter}>
                      {relativeTime(agent.certificateNotAfter, nowMs)}
                    </td>
                    <td className="actions">
                      {agent.state === 'Active' && (
                        <button
                          type="button"
                          className="button small"
                          aria-label={`Revoke ${agent.computer}`}
                          onClick={() => setRevoking(agent)}
                        >
                          Revoke
                        </button>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </section>

      <header className="section-head">
        <h2>Enrolment keys</h2>
        <p>A key lets machines enrol until it expires; it is shown once, when it is made.</p>
      </header>
      <section className="panel" aria-label="Enrolment keys">
        {keys.error !== undefined && !keys.value ? (
          <FailureState
            title="The keys could not be listed"
            message={keys.error}
            onRetry={keys.reload}
          />
        ) : !keys.value ? (
          <LoadingRows rows={2} />
        ) : keys.value.length === 0 ? (
          <p className="quiet-note padded">There are no keys. Enrolling a machine makes one.</p>
        ) : (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col">State</th>
                <th scope="col">Uses left</th>
                <th scope="col">Made</th>
                <th scope="col">Expires</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {keys.value.map((key) => (
                <tr key={key.keyId} className={key.state === 'Active' ? undefined : 'faded'}>
                  <th scope="row">
                    {key.description || 'Unnamed key'}
                    <small title={key.keyId}>{key.keyId.slice(0, 8)}</small>
                  </th>
                  <td>
                    <Badge tone={key.state === 'Active' ? 'good' : 'quiet'}>
                      {key.state === 'UsedUp' ? 'Used up' : key.state}
                    </Badge>
                  </td>
                  <td>{key.usesLeft ?? 'No limit'}</td>
                  <td title={key.createdAt}>{relativeTime(key.createdAt, nowMs)}</td>
                  <td title={key.expiresAt}>{relativeTime(key.expiresAt, nowMs)}</td>
                  <td className="actions">
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
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {act.error !== undefined && !revoking && !endingKey && (
          <p className="form-error padded" role="alert">
            {act.error}
          </p>
        )}
      </section>

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
        <Dialog title="The new key" wide onClose={() => setRenewed(undefined)}>
          <NewKey made={renewed} />
          <footer className="dialog-foot">
            <button type="button" className="button primary" onClick={() => setRenewed(undefined)}>
              Done
            </button>
          </footer>
        </Dialog>
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
  return (
    <Dialog title="Enrol a machine" wide onClose={props.onClose}>
      {made ? (
        <>
          <NewKey made={made} />
          <footer className="dialog-foot">
            <button type="button" className="button primary" onClick={props.onClose}>
              Done
            </button>
          </footer>
        </>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
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
            });
          }}
        >
          <div className="dialog-body fields">
            <p>
              This makes a key for <strong>{props.workspaceName}</strong> and the one line that
              enrols a machine with it.
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
          </div>
          {act.error !== undefined && (
            <p className="form-error" role="alert">
              {act.error}
            </p>
          )}
          <footer className="dialog-foot">
            <button type="button" className="button" onClick={props.onClose}>
              Cancel
            </button>
            <button type="submit" className="button primary" disabled={act.busy}>
              Make the line
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  );
}
