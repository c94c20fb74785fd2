import type { UserSummary, ValueList } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import { useState } from 'react';
import { relativeTime } from '../logic/agent-status.js';
import { CopyButton } from '../parts/copy-button.js';
import { Confirmation, Dialog } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { useAct, useLoaded } from '../parts/loaded.js';
import { Badge, EmptyState, FailureState, LoadingRows } from '../parts/states.js';
import { useSession } from '../session.js';

interface RoleDefinition {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly roleName: string; readonly description?: string };
}

interface RoleAssignment {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly roleDefinitionId: string;
    readonly principalId: string;
    readonly principalType?: string;
    readonly scope?: string;
  };
}

/** What the service lists of an application; its roles name it by `id`. */
interface ApplicationSummary {
  readonly id: string;
  readonly displayName: string;
}

/** The one-time secret of a new or reset account. */
interface FirstPassword {
  readonly userName: string;
  readonly password: string;
}

const apiVersion = 'api-version=2022-04-01';

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Where a role was given: on this workspace or somewhere above it. */
function scopeLabel(scope: string | undefined, workspaceResourceId: string): string {
  if (scope === undefined || sameText(scope, workspaceResourceId)) return 'This workspace';
  if (/\/resourceGroups\/[^/]+$/i.test(scope)) return 'Resource group';
  if (/^\/subscriptions\/[^/]+$/i.test(scope)) return 'Subscription';
  return scope === '/' || scope === '' ? 'Everything' : scope;
}

export function AccessPage() {
  const { server, workspace, information } = useSession();
  const resource = workspace?.resourceId ?? '';
  const base = `${resource}/providers/Microsoft.Authorization`;
  const users = useLoaded('users', async (signal) =>
    information.isAdministrator
      ? (await server.get<ValueList<UserSummary>>(portalPaths.users, signal)).value
      : [],
  );
  const applications = useLoaded('applications', async (signal) =>
    information.isAdministrator
      ? (await server.get<ValueList<ApplicationSummary>>(portalPaths.applications, signal)).value
      : [],
  );
  const roles = useLoaded(`roles ${resource}`, async (signal) => {
    const [definitions, assignments] = await Promise.all([
      server.get<ValueList<RoleDefinition>>(`${base}/roleDefinitions?${apiVersion}`, signal),
      server.get<ValueList<RoleAssignment>>(`${base}/roleAssignments?${apiVersion}`, signal),
    ]);
    return { definitions: definitions.value, assignments: assignments.value };
  });
  const [adding, setAdding] = useState<'user' | 'role'>();
  const [removing, setRemoving] = useState<RoleAssignment>();
  const [resetting, setResetting] = useState<UserSummary>();
  const [password, setPassword] = useState<FirstPassword>();
  const act = useAct();
  const [nowMs] = useState(() => Date.now());

  if (!workspace) return <EmptyState icon="key" title="Choose a workspace to see its roles" />;

  const roleName = (assignment: RoleAssignment): string =>
    roles.value?.definitions.find((one) =>
      assignment.properties.roleDefinitionId.toLowerCase().endsWith(one.name.toLowerCase()),
    )?.properties.roleName ?? 'Unknown role';
  const principalName = (assignment: RoleAssignment): string => {
    const { principalId } = assignment.properties;
    if (principalId === information.user.id)
      return `${information.user.displayName || information.user.name} (you)`;
    const user = users.value?.find((one) => one.id === principalId);
    if (user) return user.displayName || user.userName;
    const application = applications.value?.find((one) => one.id === principalId);
    return application?.displayName || principalId;
  };

  return (
    <div className="content">
      <header className="page-head">
        <div>
          <h1>Access</h1>
          <p>
            Who may do what in <strong>{workspace.name}</strong>.
          </p>
        </div>
        <button
          type="button"
          className="button primary"
          disabled={!roles.value}
          onClick={() => setAdding('role')}
        >
          <Icon name="plus" size={15} /> Assign a role
        </button>
      </header>
      <section className="panel" aria-label="Role assignments">
        {roles.error !== undefined && !roles.value ? (
          <FailureState
            title="The roles could not be listed"
            message={roles.error}
            onRetry={roles.reload}
          />
        ) : !roles.value ? (
          <LoadingRows />
        ) : roles.value.assignments.length === 0 ? (
          <p className="quiet-note padded">No roles are assigned here.</p>
        ) : (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col">Role</th>
                <th scope="col">Given on</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {roles.value.assignments.map((assignment) => {
                const { scope, principalType } = assignment.properties;
                const own = scope === undefined || sameText(scope, resource);
                return (
                  <tr key={assignment.id}>
                    <th scope="row">
                      {principalName(assignment)}
                      {principalType !== undefined && principalType !== 'User' && (
                        <small>application</small>
                      )}
                    </th>
                    <td>{roleName(assignment)}</td>
                    <td>{scopeLabel(scope, resource)}</td>
                    <td className="actions">
                      {own && (
                        <button
                          type="button"
                          className="button small"
                          aria-label={`Remove ${roleName(assignment)} from ${principalName(assignment)}`}
                          onClick={() => setRemoving(assignment)}
                        >
                          Remove
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

      {information.isAdministrator && (
        <>
          <header className="section-head with-action">
            <div>
              <h2>Users</h2>
              <p>Accounts of this service. A user sees nothing until given a role.</p>
            </div>
            <button type="button" className="button" onClick={() => setAdding('user')}>
              <Icon name="plus" size={15} /> Add a user
            </button>
          </header>
          <section className="panel" aria-label="Users">
            {users.error !== undefined && !users.value ? (
              <FailureState
                title="The users could not be listed"
                message={users.error}
                onRetry={users.reload}
              />
            ) : !users.value ? (
              <LoadingRows rows={3} />
            ) : (
              <table className="list">
                <thead>
                  <tr>
                    <th scope="col">User</th>
                    <th scope="col">State</th>
                    <th scope="col">Made</th>
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {users.value.map((user) => (
                    <tr key={user.id} className={user.disabled ? 'faded' : undefined}>
                      <th scope="row">
                        {user.displayName || user.userName}
                        <small>{user.userName}</small>
                      </th>
                      <td>
                        <Badge tone={user.disabled ? 'quiet' : 'good'}>
                          {user.disabled ? 'Disabled' : 'Active'}
                        </Badge>
                      </td>
                      <td title={user.createdAt}>{relativeTime(user.createdAt, nowMs)}</td>
                      <td className="actions">
                        <button
                          type="button"
                          className="button small"
                          aria-label={`Reset password of ${user.userName}`}
                          onClick={() => setResetting(user)}
                        >
                          Reset password
                        </button>
                        {user.id !== information.user.id && (
                          <button
                            type="button"
                            className="button small"
                            disabled={act.busy}
                            aria-label={`${user.disabled ? 'Enable' : 'Disable'} ${user.userName}`}
                            onClick={() =>
                              act.run(async () => {
                                await server.send('PATCH', portalPaths.user(user.id), {
                                  disabled: !user.disabled,
                                });
                                users.reload();
                              })
                            }
                          >
                            {user.disabled ? 'Enable' : 'Disable'}
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            {act.error !== undefined && !removing && !resetting && (
              <p className="form-error padded" role="alert">
                {act.error}
              </p>
            )}
          </section>
        </>
      )}

      {adding === 'role' && roles.value && (
        <AssignDialog
          definitions={roles.value.definitions}
          users={(users.value ?? []).filter((user) => !user.disabled)}
          workspaceName={workspace.name}
          base={base}
          onClose={() => setAdding(undefined)}
          onDone={() => {
            setAdding(undefined);
            roles.reload();
          }}
        />
      )}
      {adding === 'user' && (
        <AddUserDialog
          onClose={() => setAdding(undefined)}
          onDone={(made) => {
            setAdding(undefined);
            setPassword(made);
            users.reload();
          }}
        />
      )}
      {password && (
        <Dialog title={`Password of ${password.userName}`} onClose={() => setPassword(undefined)}>
          <div className="dialog-body">
            <p>Hand it over in a safe way; it is shown only now.</p>
            <div className="command">
              <code data-testid="initial-password">{password.password}</code>
              <CopyButton className="button" label="Copy" showLabel text={password.password} />
            </div>
          </div>
          <footer className="dialog-foot">
            <button type="button" className="button primary" onClick={() => setPassword(undefined)}>
              Done
            </button>
          </footer>
        </Dialog>
      )}
      {removing && (
        <Confirmation
          title="Remove this role?"
          action="Remove role"
          busy={act.busy}
          error={act.error}
          onClose={() => {
            setRemoving(undefined);
            act.clear();
          }}
          onConfirm={() =>
            act.run(async () => {
              await server.send(
                'DELETE',
                `${base}/roleAssignments/${encodeURIComponent(removing.name)}?${apiVersion}`,
              );
              setRemoving(undefined);
              roles.reload();
            })
          }
        >
          <p>
            <strong>{principalName(removing)}</strong> loses <strong>{roleName(removing)}</strong>{' '}
            on {workspace.name} at once.
          </p>
        </Confirmation>
      )}
      {resetting && (
        <Confirmation
          title={`Reset the password of ${resetting.userName}?`}
          action="Reset password"
          busy={act.busy}
          error={act.error}
          onClose={() => {
            setResetting(undefined);
            act.clear();
          }}
          onConfirm={() =>
            act.run(async () => {
              const answer = await server.send<{ readonly initialPassword?: string } | undefined>(
                'PATCH',
                portalPaths.user(resetting.id),
                { resetPassword: true },
              );
              if (answer?.initialPassword !== undefined)
                setPassword({
                  userName: resetting.userName,
                  password: answer.initialPassword,
                });
              setResetting(undefined);
              users.reload();
            })
          }
        >
          <p>The old password stops working, and a new one is made and shown once.</p>
        </Confirmation>
      )}
    </div>
  );
}

function AssignDialog(props: {
  readonly definitions: readonly RoleDefinition[];
  readonly users: readonly UserSummary[];
  readonly workspaceName: string;
  readonly base: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const { server } = useSession();
  const act = useAct();
  const reader = props.definitions.find(
    (one) => one.properties.roleName === 'Log Analytics Reader',
  );
  const [role, setRole] = useState((reader ?? props.definitions[0])?.id ?? '');
  const [principal, setPrincipal] = useState(props.users[0]?.id ?? '');
  return (
    <Dialog title={`Assign a role on ${props.workspaceName}`} onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.run(async () => {
            await server.send(
              'PUT',
              `${props.base}/roleAssignments/${crypto.randomUUID()}?${apiVersion}`,
              {
                properties: {
                  roleDefinitionId: role,
                  principalId: principal.trim(),
                  principalType: 'User',
                },
              },
            );
            props.onDone();
          });
        }}
      >
        <div className="dialog-body fields">
          <label>
            User
            {props.users.length > 0 ? (
              <select
                className="select"
                aria-label="User"
                value={principal}
                onChange={(event) => setPrincipal(event.currentTarget.value)}
              >
                {props.users.map((user) => (
                  <option key={user.id} value={user.id}>
                    {user.displayName ? `${user.displayName} (${user.userName})` : user.userName}
                  </option>
                ))}
              </select>
            ) : (
              <input
                className="input"
                required
                placeholder="The user’s object id"
                value={principal}
                onChange={(event) => setPrincipal(event.currentTarget.value)}
              />
            )}
          </label>
          <label>
            Role
            <select
              className="select"
              aria-label="Role"
              value={role}
              onChange={(event) => setRole(event.currentTarget.value)}
            >
              {props.definitions.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.properties.roleName}
                </option>
              ))}
            </select>
          </label>
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
          <button
            type="submit"
            className="button primary"
            disabled={act.busy || role === '' || principal === ''}
          >
            Assign
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function AddUserDialog(props: {
  readonly onClose: () => void;
  readonly onDone: (made: FirstPassword) => void;
}) {
  const { server } = useSession();
  const act = useAct();
  const [userName, setUserName] = useState('');
  const [displayName, setDisplayName] = useState('');
  return (
    <Dialog title="Add a user" onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.run(async () => {
            const made = await server.send<UserSummary & { readonly initialPassword?: string }>(
              'POST',
              portalPaths.users,
              {
                userName: userName.trim(),
                ...(displayName.trim() === '' ? {} : { displayName: displayName.trim() }),
              },
            );
            props.onDone({ userName: made.userName, password: made.initialPassword ?? '' });
          });
        }}
      >
        <div className="dialog-body fields">
          <label>
            User name
            <input
              className="input"
              required
              autoCapitalize="off"
              spellCheck={false}
              value={userName}
              onChange={(event) => setUserName(event.currentTarget.value)}
            />
          </label>
          <label>
            Display name
            <input
              className="input"
              value={displayName}
              onChange={(event) => setDisplayName(event.currentTarget.value)}
            />
          </label>
          <p className="quiet-note">A first password is made and shown once.</p>
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
          <button type="submit" className="button primary" disabled={act.busy || userName === ''}>
            Add user
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
