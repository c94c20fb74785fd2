import { accountingQuery, readAccounts, underWay } from '../logic/accounting.js';
import { relativeTime } from '../logic/agent-status.js';
import { formatCount, readAnswer } from '../logic/answer.js';
import { pollIntervalMs } from '../logic/limits.js';
import { KeyPanel } from '../parts/key-panel.js';
import { ListPanel } from '../parts/list.js';
import { useLoaded } from '../parts/loaded.js';
import { Badge, EmptyState } from '../parts/states.js';
import { useSession } from '../session.js';

interface Retention {
  readonly workspaceDays: number;
  readonly shorteningTakesEffect?: string;
  readonly lastRun?: string;
  readonly clock: { readonly machineTime: string; readonly inDoubt: boolean };
  readonly tables: readonly {
    readonly table: string;
    readonly effectiveDays: number;
    readonly shorteningTakesEffect?: string;
    readonly keptBy?: string;
  }[];
}

interface Standing {
  readonly key: string;
  readonly name: string;
  readonly kind: string;
  readonly scope: string;
  readonly note: string;
}

interface Erasure {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly table?: string;
  readonly rows?: number;
  readonly notBefore: string;
  readonly requestedBy: string;
  readonly waitsFor?: string;
}

interface ArmLock {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly level: string; readonly notes?: string };
}

interface Hold {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly state: string;
    readonly reason: string;
    readonly approvalsNeeded: number;
    readonly approvals: readonly unknown[];
  };
}

/** As often as it is written; each look is a query, and a row of `LAQueryLogs`. */
const accountingPollMs = 60_000;

const lastPart = (scope: string): string => scope.split('/').at(-1) ?? scope;
const scopeOf = (id: string): string => id.slice(0, id.toLowerCase().lastIndexOf('/providers/'));

/** What came in and what became of it, how long it is kept, and what stands over it. */
export function DataPage() {
  const { server, workspace } = useSession();
  const id = workspace?.workspaceId ?? '';
  const resource = workspace?.resourceId ?? '';
  const accounts = useLoaded(
    `accounts ${id}`,
    async (signal) => {
      const body = await server.send<unknown>(
        'POST',
        `/v1/workspaces/${encodeURIComponent(id)}/query`,
        { query: accountingQuery, timespan: 'P1D' },
        { signal },
      );
      return readAccounts(readAnswer(body)?.rows ?? []);
    },
    accountingPollMs,
  );
  const retention = useLoaded(`retention ${id}`, (signal) =>
    server.get<Retention>(
      `${resource}/providers/Microsoft.Strongroom/retention?api-version=2026-11-01`,
      signal,
    ),
  );
  const standing = useLoaded(`standing ${id}`, async (signal): Promise<readonly Standing[]> => {
    const locks = await server.get<{ readonly value: readonly ArmLock[] }>(
      `${resource}/providers/Microsoft.Authorization/locks?api-version=2020-05-01`,
      signal,
    );
    const holds = await server.get<{ readonly value: readonly Hold[] }>(
      `${resource}/providers/Microsoft.Strongroom/holds?api-version=2026-11-01`,
      signal,
    );
    return [
      ...locks.value.map(({ id: key, name, properties }) => ({
        key,
        name,
        kind: properties.level === 'ReadOnly' ? 'Read-only lock' : 'Lock against deletion',
        scope: scopeOf(key),
        note: properties.notes ?? '',
      })),
      ...holds.value
        .filter(({ properties }) => properties.state === 'Standing')
        .map(({ id: key, name, properties }) => ({
          key,
          name: name.slice(0, 8),
          kind: 'Hold',
          scope: scopeOf(key),
          note: `${properties.reason} · ${properties.approvals.length} of ${properties.approvalsNeeded} agree to lift it`,
        })),
    ];
  });
  const erasures = useLoaded(
    `erasures ${id}`,
    async (signal) =>
      (
        await server.get<{ readonly value: readonly Erasure[] }>(
          `${resource}/operations?api-version=2025-07-01`,
          signal,
        )
      ).value,
    pollIntervalMs,
  );

  if (!workspace) return <EmptyState icon="table" title="Choose a workspace to see its data" />;
  return (
    <div className="content">
      <header className="page-head">
        <div>
          <h1>Data</h1>
          <p>
            What became of every record that <strong>{workspace.name}</strong> was sent in the last
            24 hours. The counts are rows of <code>IngestionAccounting</code>, in the ledger like
            all others.
          </p>
        </div>
      </header>
      <ListPanel
        label="Accounting"
        loaded={accounts}
        failed="The accounting could not be read"
        none="Nothing was sent yet."
        numbers
        rowKey={({ stream }) => stream}
        columns={[
          { head: 'Stream', cell: ({ stream }) => (stream === '' ? '(none)' : stream) },
          { head: 'Received', cell: ({ received }) => formatCount(received) },
          { head: 'Stored', cell: ({ stored }) => formatCount(stored) },
          { head: 'Filtered', cell: ({ filtered }) => formatCount(filtered) },
          { head: 'Set aside', cell: ({ setAside }) => formatCount(setAside) },
          { head: 'Dropped', cell: ({ dropped }) => formatCount(dropped) },
          { head: 'Sent twice', cell: ({ repeated }) => formatCount(repeated) },
          { head: 'Under way', cell: (account) => formatCount(underWay(account)) },
          { head: 'Refused batches', cell: ({ refused }) => formatCount(refused) },
        ]}
      />

      <header className="section-head">
        <h2>Kept</h2>
        <p>
          {retention.value === undefined ? 'How long rows are kept.' : keptText(retention.value)}
        </p>
      </header>
      <ListPanel
        label="Retention"
        loaded={{ ...retention, value: retention.value && exceptions(retention.value) }}
        failed="The retention could not be read"
        none="Every table keeps what the workspace keeps."
        rowKey={({ table }) => table}
        columns={[
          { head: 'Table', cell: ({ table }) => table },
          { head: 'Days', cell: ({ effectiveDays }) => effectiveDays },
          {
            head: 'Shorter from',
            cell: ({ shorteningTakesEffect }) => shorteningTakesEffect?.slice(0, 10),
          },
          { head: 'Held up by', cell: ({ keptBy }) => keptBy },
        ]}
      />

      <KeyPanel />

      <header className="section-head">
        <h2>Locks and holds</h2>
        <p>While one stands, nothing under it is deleted, purged or expires.</p>
      </header>
      <ListPanel
        label="Locks and holds"
        loaded={standing}
        failed="The locks could not be read"
        none="None stand here."
        rowKey={({ key }) => key}
        columns={[
          { head: 'Name', cell: ({ name }) => name },
          { head: 'Kind', cell: ({ kind }) => <Badge tone="accent">{kind}</Badge> },
          { head: 'Over', cell: ({ scope }) => lastPart(scope), title: ({ scope }) => scope },
          { head: 'Why', cell: ({ note }) => note },
        ]}
      />

      <header className="section-head">
        <h2>Purges and deletions</h2>
        <p>Each waits, can be called off meanwhile, and ends with a certificate.</p>
      </header>
      <ListPanel
        label="Purges and deletions"
        loaded={erasures}
        failed="They are for those who may purge"
        none="There are none."
        rowKey={(erasure) => erasure.id}
        columns={[
          {
            head: 'Operation',
            cell: (erasure) => (
              <>
                {erasure.kind}
                <small title={erasure.id}>{erasure.id.split('-')[1]}</small>
              </>
            ),
          },
          { head: 'Of', cell: ({ table }) => table ?? workspace.name },
          {
            head: 'State',
            cell: ({ state, waitsFor }) => (
              <Badge tone={state === 'completed' ? 'good' : 'quiet'}>{waitsFor ?? state}</Badge>
            ),
          },
          { head: 'Rows', cell: ({ rows }) => (rows === undefined ? '' : formatCount(rows)) },
          {
            head: 'Not before',
            cell: ({ notBefore }) => relativeTime(notBefore, Date.now()),
            title: ({ notBefore }) => notBefore,
          },
        ]}
      />
    </div>
  );
}

const exceptions = ({ tables, workspaceDays }: Retention): Retention['tables'] =>
  tables.filter(
    ({ effectiveDays, shorteningTakesEffect, keptBy }) =>
      effectiveDays !== workspaceDays ||
      shorteningTakesEffect !== undefined ||
      keptBy !== undefined,
  );

function keptText({ workspaceDays, shorteningTakesEffect, clock }: Retention): string {
  const days = `Rows are kept ${workspaceDays} days unless their table says otherwise.`;
  const later =
    shorteningTakesEffect === undefined
      ? ''
      : ` That is shorter than before, and counts from ${shorteningTakesEffect.slice(0, 10)} on.`;
  const doubt = clock.inDoubt
    ? ` The machine’s clock has jumped to ${clock.machineTime.slice(0, 16)}: nothing expires by it until an administrator confirms it.`
    : '';
  return days + later + doubt;
}
