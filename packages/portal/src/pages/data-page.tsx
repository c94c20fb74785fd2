import { accountingQuery, readAccounts, underWay } from '../logic/accounting.js';
import type { StreamAccount } from '../logic/accounting.js';
import { relativeTime } from '../logic/agent-status.js';
import { formatCount, readAnswer } from '../logic/answer.js';
import { pollIntervalMs } from '../logic/limits.js';
import { useLoaded } from '../parts/loaded.js';
import type { Loaded } from '../parts/loaded.js';
import { Badge, EmptyState, FailureState, LoadingRows } from '../parts/states.js';
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
      <section className="panel" aria-label="Accounting">
        <Shown
          loaded={accounts}
          failed="The accounting could not be read"
          none="Nothing was sent yet."
        >
          {(list) => <Accounts accounts={list} />}
        </Shown>
      </section>

      <header className="section-head">
        <h2>Kept</h2>
        <p>
          {retention.value === undefined ? 'How long rows are kept.' : keptText(retention.value)}
        </p>
      </header>
      <section className="panel" aria-label="Retention">
        <Shown
          loaded={{ ...retention, value: retention.value && exceptions(retention.value) }}
          failed="The retention could not be read"
          none="Every table keeps what the workspace keeps."
        >
          {(tables) => (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">Table</th>
                  <th scope="col">Days</th>
                  <th scope="col">Shorter from</th>
                  <th scope="col">Held up by</th>
                </tr>
              </thead>
              <tbody>
                {tables.map((table) => (
                  <tr key={table.table}>
                    <th scope="row">{table.table}</th>
                    <td>{table.effectiveDays}</td>
                    <td>{table.shorteningTakesEffect?.slice(0, 10) ?? ''}</td>
                    <td>{table.keptBy ?? ''}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Shown>
      </section>

      <header className="section-head">
        <h2>Locks and holds</h2>
        <p>While one stands, nothing under it is deleted, purged or expires.</p>
      </header>
      <section className="panel" aria-label="Locks and holds">
        <Shown loaded={standing} failed="The locks could not be read" none="None stand here.">
          {(list) => (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Kind</th>
                  <th scope="col">Over</th>
                  <th scope="col">Why</th>
                </tr>
              </thead>
              <tbody>
                {list.map((each) => (
                  <tr key={each.key}>
                    <th scope="row">{each.name}</th>
                    <td>
                      <Badge tone="accent">{each.kind}</Badge>
                    </td>
                    <td title={each.scope}>{lastPart(each.scope)}</td>
                    <td>{each.note}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Shown>
      </section>

      <header className="section-head">
        <h2>Purges and deletions</h2>
        <p>Each waits, can be called off meanwhile, and ends with a certificate.</p>
      </header>
      <section className="panel" aria-label="Purges and deletions">
        <Shown loaded={erasures} failed="They are for those who may purge" none="There are none.">
          {(list) => (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">Operation</th>
                  <th scope="col">Of</th>
                  <th scope="col">State</th>
                  <th scope="col">Rows</th>
                  <th scope="col">Not before</th>
                </tr>
              </thead>
              <tbody>
                {list.map((each) => (
                  <tr key={each.id}>
                    <th scope="row">
                      {each.kind}
                      <small title={each.id}>{each.id.split('-')[1]}</small>
                    </th>
                    <td>{each.table ?? workspace.name}</td>
                    <td>
                      <Badge tone={each.state === 'completed' ? 'good' : 'quiet'}>
                        {each.waitsFor ?? each.state}
                      </Badge>
                    </td>
                    <td>{each.rows === undefined ? '' : formatCount(each.rows)}</td>
                    <td title={each.notBefore}>{relativeTime(each.notBefore, Date.now())}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Shown>
      </section>
    </div>
  );
}

function Accounts({ accounts }: { readonly accounts: readonly StreamAccount[] }) {
  return (
    <table className="list numbers">
      <thead>
        <tr>
          <th scope="col">Stream</th>
          <th scope="col">Received</th>
          <th scope="col">Stored</th>
          <th scope="col">Filtered</th>
          <th scope="col">Set aside</th>
          <th scope="col">Dropped</th>
          <th scope="col">Sent twice</th>
          <th scope="col">Under way</th>
          <th scope="col">Refused batches</th>
        </tr>
      </thead>
      <tbody>
        {accounts.map((account) => (
          <tr key={account.stream}>
            <th scope="row">{account.stream === '' ? '(none)' : account.stream}</th>
            <td>{formatCount(account.received)}</td>
            <td>{formatCount(account.stored)}</td>
            <td>{formatCount(account.filtered)}</td>
            <td>{formatCount(account.setAside)}</td>
            <td>{formatCount(account.dropped)}</td>
            <td>{formatCount(account.repeated)}</td>
            <td>{formatCount(underWay(account))}</td>
            <td>{formatCount(account.refused)}</td>
          </tr>
        ))}
      </tbody>
    </table>
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

function Shown<T>(props: {
  readonly loaded: Loaded<readonly T[]>;
  readonly failed: string;
  readonly none: string;
  readonly children: (list: readonly T[]) => React.ReactNode;
}) {
  const { value, error, reload } = props.loaded;
  if (error !== undefined && !value) {
    return <FailureState title={props.failed} message={error} onRetry={reload} />;
  }
  if (!value) return <LoadingRows />;
  if (value.length === 0) return <p className="quiet-note padded">{props.none}</p>;
  return props.children(value);
}
