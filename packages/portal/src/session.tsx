import type { SessionInformation, WorkspaceSummary } from '@strongroom/api';
import { createContext, useContext } from 'react';
import type { Zone } from './logic/values.js';
import type { Server } from './server.js';

/** What every page of a signed-in user is handed. */
export interface Session {
  readonly information: SessionInformation;
  readonly server: Server;
  readonly workspaces: readonly WorkspaceSummary[];
  readonly workspace: WorkspaceSummary | undefined;
  readonly chooseWorkspace: (workspaceId: string) => void;
  readonly dark: boolean;
  readonly zone: Zone;
  readonly chooseZone: (zone: Zone) => void;
}

const SessionContext = createContext<Session | undefined>(undefined);

export const SessionProvider = SessionContext.Provider;

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('a page was drawn without a session');
  return session;
}
