import type { SessionInformation, ValueList, WorkspaceSummary } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import type { PageName } from './logic/address.js';
import { pageOf, parseAddress, printAddress } from './logic/address.js';
import type { Zone } from './logic/values.js';
import { FailureState, LoadingRows } from './parts/states.js';
import { LogsPage } from './pages/logs/logs-page.js';
import { EntryPage } from './pages/entry-page.js';
import { TopBar } from './parts/top-bar.js';
import { messageOf, openServer, RequestFailed } from './server.js';
import type { Session } from './session.js';
import { SessionProvider } from './session.js';
import { useTheme } from './theme.js';
import { keepPlace, restorePlace, wipeBrowser } from './traces.js';
import { useIdle } from './idle.js';

const DataPage = lazy(async () => ({
  default: (await import('./pages/data-page.js')).DataPage,
}));
const AgentsPage = lazy(async () => ({
  default: (await import('./pages/agents-page.js')).AgentsPage,
}));
const AccessPage = lazy(async () => ({
  default: (await import('./pages/access-page.js')).AccessPage,
}));
const AccountPage = lazy(async () => ({
  default: (await import('./pages/account-page.js')).AccountPage,
}));

type Stage =
  | { readonly kind: 'starting' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'outside'; readonly why: 'new' | 'ended' | 'idle' | 'signed-out' }
  | {
      readonly kind: 'inside';
      readonly information: SessionInformation;
      readonly workspaces: readonly WorkspaceSummary[];
    };

/** Other tabs of the same session. */
const channel = new BroadcastChannel('strongroom');

export function App() {
  const [stage, setStage] = useState<Stage>({ kind: 'starting' });
  const [round, setRound] = useState(0);
  const theme = useTheme();
  const leave = useCallback(
    (why: 'ended' | 'idle' | 'signed-out') => setStage({ kind: 'outside', why }),
    [],
  );

  useEffect(() => {
    const start = async (): Promise<Stage> => {
      const server = openServer({ csrfToken: '', onSessionEnded: () => undefined });
      try {
        const information = await server.get<SessionInformation>(portalPaths.session);
        restorePlace();
        const list = await server.get<ValueList<WorkspaceSummary>>(portalPaths.workspaces);
        return { kind: 'inside', information, workspaces: list.value };
      } catch (error) {
        if (error instanceof RequestFailed && error.status === 401)
          return { kind: 'outside', why: 'new' };
        return { kind: 'failed', message: messageOf(error) };
      }
    };
    let ended = false;
    void start().then((reached) => {
      if (!ended) setStage(reached);
    });
    return () => {
      ended = true;
    };
  }, [round]);

  useEffect(() => {
    const heard = (event: MessageEvent): void => {
      if (event.data === 'signed-out') setStage({ kind: 'outside', why: 'signed-out' });
    };
    channel.addEventListener('message', heard);
    return () => channel.removeEventListener('message', heard);
  }, []);

  switch (stage.kind) {
    case 'starting':
      return <div className="starting" role="status" aria-label="Loading" />;
    case 'failed':
      return (
        <div className="entry">
          <FailureState
            title="The portal could not start"
            message={stage.message}
            onRetry={() => {
              setStage({ kind: 'starting' });
              setRound((old) => old + 1);
            }}
          />
        </div>
      );
    case 'outside':
      return (
        <EntryPage
          why={stage.why}
          onSignIn={() => {
            keepPlace();
            location.assign(
              `${portalPaths.signIn}?returnTo=${encodeURIComponent(location.pathname)}`,
            );
          }}
        />
      );
    case 'inside':
      return (
        <Inside
          information={stage.information}
          workspaces={stage.workspaces}
          theme={theme}
          onOutside={leave}
        />
      );
  }
}

interface InsideProps {
  readonly information: SessionInformation;
  readonly workspaces: readonly WorkspaceSummary[];
  readonly theme: ReturnType<typeof useTheme>;
  readonly onOutside: (why: 'ended' | 'idle' | 'signed-out') => void;
}

/** The pages of a signed-in user. */
function Inside({ information, workspaces, theme, onOutside }: InsideProps) {
  const [page, setPage] = useState<PageName>(() => pageOf(location.pathname));
  const [workspaceId, setWorkspaceId] = useState(
    () => parseAddress(location.hash).workspaceId ?? workspaces[0]?.workspaceId,
  );
  const [zone, setZone] = useState<Zone>('local');

  const server = useMemo(
    () =>
      openServer({
        csrfToken: information.csrfToken,
        onSessionEnded: () => onOutside('ended'),
      }),
    [information.csrfToken, onOutside],
  );

  const go = useCallback((next: PageName) => {
    history.pushState(null, '', `/portal/${next}`);
    setPage(next);
  }, []);

  useEffect(() => {
    const moved = (): void => {
      setPage(pageOf(location.pathname));
      const named = parseAddress(location.hash).workspaceId;
      if (named) setWorkspaceId(named);
    };
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);

  const signOut = useCallback(
    async (why: 'idle' | 'signed-out') => {
      // The page goes first: what it shows must be gone even where the service is away.
      onOutside(why);
      await server.send('POST', portalPaths.signOut).catch(() => undefined);
      await wipeBrowser();
      channel.postMessage('signed-out');
    },
    [server, onOutside],
  );

  useIdle(information.idleTimeoutSeconds * 1000, channel, () => void signOut('idle'));

  const workspace = workspaces.find((one) => one.workspaceId === workspaceId) ?? workspaces[0];
  const session: Session = useMemo(
    () => ({
      information,
      server,
      workspaces,
      workspace,
      chooseWorkspace: (id) => {
        setWorkspaceId(id);
        const address = parseAddress(location.hash);
        history.replaceState(
          null,
          '',
          location.pathname + printAddress({ ...address, workspaceId: id }),
        );
      },
      dark: theme.dark,
      zone,
      chooseZone: setZone,
    }),
    [information, server, workspaces, workspace, theme.dark, zone],
  );

  useEffect(() => {
    const titles = {
      logs: 'Logs',
      data: 'Data',
      agents: 'Agents',
      access: 'Access',
      account: 'Account',
    };
    document.title = `${titles[page]} · Strongroom`;
  }, [page]);

  return (
    <SessionProvider value={session}>
      <div className="frame">
        <TopBar page={page} onGo={go} theme={theme} onSignOut={() => void signOut('signed-out')} />
        {/* The query page stays, so that a look at another page loses no result. */}
        <main className="page" hidden={page !== 'logs'}>
          <LogsPage visible={page === 'logs'} />
        </main>
        {page !== 'logs' && (
          <main className="page scrolling">
            <Suspense fallback={<LoadingRows />}>
              {page === 'data' && <DataPage />}
              {page === 'agents' && <AgentsPage />}
              {page === 'access' && <AccessPage />}
              {page === 'account' && <AccountPage />}
            </Suspense>
          </main>
        )}
      </div>
    </SessionProvider>
  );
}
