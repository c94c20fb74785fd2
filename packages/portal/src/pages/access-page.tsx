import type { UserSummary, ValueList } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import { useState } from 'react';
import { relativeTime } from '../logic/agent-status.js';
import { CopyButton } from '../parts/copy-button.js';
import { Confirmation, FormDialog, ResultDialog } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { ListPanel } from '../parts/list.js';
import { useAct, useLoaded } from '../parts/loaded.js';
import { ActError, Badge, EmptyState } from '../parts/states.js';
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
      <ListPanel
        label="Role assignments"
        loaded={{ ...roles, value: roles.value?.assignments }}
        failed="The roles could not be listed"
        none="No roles are assigned here."
        rowKey={({ id }) => id}
        columns={[
          {
            head: 'Who',
            cell: (assignment) => (
              <>
                {principalName(assignment)}
                {(assignment.properties.principalType ?? 'User') !== 'User' && (
                  <small>application</small>
                )}
              </>
            ),
          },
          { head: 'Role', cell: roleName },
          {
            head: 'Given on',
            cell: ({ properties }) => scopeLabel(properties.scope, resource),
          },
        ]}
        actions={(assignment) =>
          sameText(assignment.properties.scope ?? resource, resource) && (
            <button
              type="button"
              className="button small"
              aria-label={`Remove ${roleName(assignment)} from ${principalName(assignment)}`}
              onClick={() => setRemoving(assignment)}
            >
              Remove
            </button>
          )
        }
      />

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
          <ListPanel
            label="Users"
            loaded={users}
            failed="The users could not be listed"
            none="There are no users."
            rowKey={({ id }) => id}
            isFaded={({ disabled }) => disabled}
            columns={[
              {
                head: 'User',
                cell: ({ displayName, userName }) => (
                  <>
                    {displayName || userName}
                    <small>{userName}</small>
                  </>
                ),
              },
              {
                head: 'State',
                cell: ({ disabled }) => (
                  <Badge tone={disabled ? 'quiet' : 'good'}>
                    {disabled ? 'Disabled' : 'Active'}
                  </Badge>
                ),
              },
              {
                head: 'Made',
                cell: ({ createdAt }) => relativeTime(createdAt, nowMs),
                title: ({ createdAt }) => createdAt,
              },
            ]}
            actions={(user) => (
              <>
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
              </>
            )}
          >
            {!removing && !resetting && <ActError error={act.error} padded />}
          </ListPanel>
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
        <ResultDialog
          title={`Password of ${password.userName}`}
          onClose={() => setPassword(undefined)}
        >
          <div className="dialog-body">
            <p>Hand it over in a safe way; it is shown only now.</p>
            <div className="command">
              <code data-testid="initial-password">{password.password}</code>
              <CopyButton className="button" label="Copy" showLabel text={password.password} />
            </div>
          </div>
        </ResultDialog>
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
    <FormDialog
      title={`Assign a role on ${props.workspaceName}`}
      action="Assign"
      busy={act.busy}
      error={act.error}
      isComplete={role !== '' && principal !== ''}
      onClose={props.onClose}
      onSubmit={() =>
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
        })
      }
    >
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
    </FormDialog>
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
    <FormDialog
      title="Add a user"
      action="Add user"
      busy={act.busy}
      error={act.error}
      isComplete={userName !== ''}
      onClose={props.onClose}
      onSubmit={() =>
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
        })
      }
    >
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
    </FormDialog>
  );
}
