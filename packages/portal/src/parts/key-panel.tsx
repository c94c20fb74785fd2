import { relativeTime } from '../logic/agent-status.js';
import { keeperText, keyRows } from '../logic/key-rows.js';
import type { KeyStatus } from '../logic/key-rows.js';
import { keysPollMs } from '../logic/limits.js';
import { useSession } from '../session.js';
import { ListPanel } from './list.js';
import { useLoaded } from './loaded.js';
import { Icon } from './icon.js';
import { Badge } from './states.js';

/** The keys of the chosen workspace: who holds them, how old they are, and what is under older ones. */
export function KeyPanel() {
  const { server, workspace } = useSession();
  const id = workspace?.workspaceId ?? '';
  const status = useLoaded(
    `keys ${id}`,
    (signal) => server.get<KeyStatus>(`/api/workspaces/${encodeURIComponent(id)}/keys`, signal),
    keysPollMs,
  );
  const { value } = status;
  return (
    <>
      <header className="section-head">
        <h2>Keys</h2>
        <p>
          {value === undefined ? 'What this workspace lies under.' : keeperText(value)} Each is
          replaced by itself when it is due.
        </p>
      </header>
      {value?.state === 'away' && (
        <p className="banner bad" role="alert">
          <Icon name="alert" />
          <span>
            <strong>The key is away.</strong> Nothing here can be read. What comes in is kept,
            sealed to this workspace, and can be queried when <code>{value.provider}</code> gives
            the key again.
          </span>
        </p>
      )}
      <ListPanel
        label="Keys"
        loaded={{ ...status, value: value && keyRows(value) }}
        failed="They are for those who may see keys"
        none="There are none."
        rowKey={({ what }) => what}
        columns={[
          { head: 'Of', cell: ({ what }) => what },
          { head: 'Key', cell: ({ name }) => <code>{name}</code>, title: ({ id: whole }) => whole },
          {
            head: 'Made',
            cell: ({ made }) => (made === undefined ? '' : relativeTime(made, Date.now())),
            title: ({ made }) => made,
          },
          {
            head: 'Next',
            cell: ({ nextRotation }) => relativeTime(nextRotation, Date.now()),
            title: ({ nextRotation }) => nextRotation,
          },
          {
            head: 'Under an older key',
            cell: ({ underOld }) =>
              underOld === undefined ? (
                <Badge tone="good">Nothing</Badge>
              ) : (
                <Badge tone="warn">{underOld}</Badge>
              ),
          },
        ]}
      />
    </>
  );
}
