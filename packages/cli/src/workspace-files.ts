import { join } from 'node:path';
import { StrongroomError, fromBase64, fromUtf8, isNotFound, workspaceId } from '@strongroom/base';
import type { DiskKeys } from '@strongroom/engine';
import { openWorkspaceKeys } from '@strongroom/keys';
import type { WorkspaceKeys } from '@strongroom/keys';
import type { Context } from './context.js';
import { cliError } from './errors.js';
import { openRootKey } from './root-key.js';

/** As the service has it: `$STATE_DIRECTORY`, else the user's configuration folder. */
export function defaultRootKey({ environment }: Context): string {
  const state = environment['STATE_DIRECTORY'];
  if (state !== undefined && state !== '') return join(state, 'root.key');
  const home = environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? '/root', '.config');
  return join(home, 'strongroom', 'root.key');
}

/**
 * A workspace's keys, from the copy of its wrapped key that lies in its directory
 * (docs/formats/entry.md, Workspace key) and the root key. The caller closes them.
 */
export async function openKeysOf(
  context: Context,
  workspace: { directory: string; id: string; rootKey: string },
): Promise<WorkspaceKeys> {
  const { fs, random } = context;
  let record: Uint8Array;
  try {
    record = await fs.readFile(join(workspace.directory, 'workspace-key'));
  } catch (cause) {
    if (!isNotFound(cause)) throw cause;
    throw cliError('CLI_NOT_FOUND', `There is no workspace-key in ${workspace.directory}.`, {
      cause,
    });
  }
  const provider = await openRootKey(context, workspace.rootKey);
  try {
    return await openWorkspaceKeys({
      provider,
      record,
      workspaceId: workspaceId(workspace.id),
      random,
    });
  } catch (cause) {
    const code = cause instanceof StrongroomError ? cause.code : 'unknown';
    throw cliError(
      'CLI_FAILED',
      `The workspace's key does not open with this root key (${code}).`,
      {
        cause,
      },
    );
  } finally {
    provider.close();
  }
}

/** The engine's disk keys, unwrapped (docs/formats/entry.md, Engine keys). The caller wipes them. */
export async function openDiskKeysOf(
  { fs }: Context,
  directory: string,
  keys: WorkspaceKeys,
): Promise<DiskKeys> {
  const file = JSON.parse(fromUtf8(await fs.readFile(join(directory, 'engine-keys')))) as {
    current: number;
    keys: Record<string, string>;
  };
  const opened = Object.entries(file.keys).map(([number, wrapped]) => {
    const { key } = keys.unwrapDataKey('engine-disk', fromBase64(wrapped), `engine/${number}`);
    return [Number(number), key] as const;
  });
  return { current: file.current, keys: Object.fromEntries(opened) };
}
