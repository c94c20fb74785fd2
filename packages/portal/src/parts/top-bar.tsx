import type { PageName } from '../logic/address.js';
import { useSession } from '../session.js';
import type { ThemeChoice, useTheme } from '../theme.js';
import { Icon, Mark } from './icon.js';
import { Popover } from './popover.js';

const pages: readonly { readonly page: PageName; readonly label: string }[] = [
  { page: 'logs', label: 'Logs' },
  { page: 'data', label: 'Data' },
  { page: 'agents', label: 'Agents' },
  { page: 'access', label: 'Access' },
];

const themes: readonly { readonly choice: ThemeChoice; readonly label: string }[] = [
  { choice: 'system', label: 'System' },
  { choice: 'light', label: 'Light' },
  { choice: 'dark', label: 'Dark' },
];

export function TopBar(props: {
  readonly page: PageName;
  readonly onGo: (page: PageName) => void;
  readonly theme: ReturnType<typeof useTheme>;
  readonly onSignOut: () => void;
}) {
  const { information, workspaces, workspace, chooseWorkspace } = useSession();
  const { user } = information;
  return (
    <header className="top-bar">
      <a
        className="brand"
        href="/portal/logs"
        onClick={(event) => {
          event.preventDefault();
          if (props.page !== 'logs') props.onGo('logs');
        }}
      >
        <Mark />
        <span>Strongroom</span>
      </a>
      <nav className="tabs" aria-label="Pages">
        {pages.map(({ page, label }) => (
          <a
            key={page}
            href={`/portal/${page}`}
            aria-current={props.page === page ? 'page' : undefined}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return;
              event.preventDefault();
              if (props.page !== page) props.onGo(page);
            }}
          >
            {label}
          </a>
        ))}
      </nav>
      <div className="top-bar-end">
        <label className="workspace-picker">
          <span>Workspace</span>
          <select
            aria-label="Workspace"
            value={workspace?.workspaceId ?? ''}
            onChange={(event) => chooseWorkspace(event.currentTarget.value)}
          >
            {workspaces.map((one) => (
              <option key={one.workspaceId} value={one.workspaceId}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <Popover
          label={`Account menu of ${user.displayName || user.name}`}
          buttonClass="avatar"
          align="end"
          button={(user.displayName || user.name).slice(0, 1).toUpperCase()}
        >
          {(close) => (
            <div className="account-menu">
              <div className="account-who">
                <strong>{user.displayName || user.name}</strong>
                <span>
                  {user.name}
                  {information.isAdministrator ? ' · administrator' : ''}
                </span>
              </div>
              <div className="segmented" role="radiogroup" aria-label="Theme">
                {themes.map(({ choice, label }) => (
                  <button
                    key={choice}
                    type="button"
                    role="radio"
                    aria-checked={props.theme.choice === choice}
                    onClick={() => props.theme.choose(choice)}
                  >
                    {label}
                  </button>
                ))}
              </div>
              <button
                type="button"
                className="menu-item"
                onClick={() => {
                  close();
                  props.onGo('account');
                }}
              >
                <Icon name="user" /> Account
              </button>
              <button type="button" className="menu-item" onClick={props.onSignOut}>
                <Icon name="out" /> Sign out
              </button>
            </div>
          )}
        </Popover>
      </div>
    </header>
  );
}
