import { join } from 'node:path';
import {
  fromBase64,
  fromHex,
  fromUtf8,
  isNotFound,
  toBase64,
  utf8,
  workspaceId,
} from '@strongroom/base';
import type { Clock, Fs, Random } from '@strongroom/base';
import type { SegmentKeys } from '@strongroom/journal';
import {
  assertOutside,
  createWorkspaceKeyRecord,
  openAead,
  openLocalKeystore,
  openSystemdCredential,
  openWorkspaceKeys,
  sealAead,
} from '@strongroom/keys';
import type { AeadKey, KeyProvider, WorkspaceKeys } from '@strongroom/keys';
import { agentError } from './errors.js';
import { readSealedFile, replaceFile, writeSealedFile } from './sealed-file.js';
import type { Sealer } from './sealed-file.js';

/** The ports that an agent is handed. */
export interface AgentPorts {
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
}

/** Name of the systemd credential that holds the agent's key, where there is one. */
export const credentialName = 'strongroom-agent-key';

/** Where the agent's key is. Never below the state directory. */
export type KeyPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'credential'; readonly name: string };

/** Who the agent is and whom it trusts. Lies sealed in the state directory. */
export interface AgentIdentityRecord {
  readonly v: 1;
  readonly agentId: string;
  readonly workspaceId: string;
  readonly workspaceName: string;
  /** The public listener that enrolled it. */
  readonly server: string;
  readonly pin: string;
  /** `https://HOST:PORT` of the agents' listener. */
  readonly agentEndpoint: string;
  readonly computer: string;
  /** The authority that the service's certificates come from, PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
  /** Of the workspace's ledger; absent where the service gave none when it enrolled us. */
  readonly verifierKey?: string;
  /** ISO 8601. */
  readonly enrolledAt: string;
}

/** What lies open in the state directory: how to find the key, and names for people. */
interface AgentFile {
  readonly v: 1;
  readonly agentId: string;
  readonly workspaceId: string;
  readonly key: KeyPlace;
  /** The agent's own key, wrapped by the key file or credential; base64. */
  readonly keyRecord: string;
  /** The data key that seals the small files; base64. */
  readonly sealKey: string;
}

const agentFileName = 'agent.json';
const identityFileName = 'identity';
const sealContext = 'agent-state';

const identityContext = (agentId: string): string => `identity:${agentId}`;

/** An agent's state directory, opened with its key. */
export interface AgentState {
  readonly directory: string;
  readonly identity: AgentIdentityRecord;
  readonly sealer: Sealer;
  readonly segmentKeys: SegmentKeys;
  /** Replaces the identity: certificate and private key change together or not at all. */
  setIdentity(identity: AgentIdentityRecord): Promise<void>;
  /** Wipes the keys from memory. */
  close(): void;
}

async function readAgentFile(fs: Fs, directory: string): Promise<AgentFile | undefined> {
  const path = join(directory, agentFileName);
  let bytes: Uint8Array;
  try {
    bytes = await fs.readFile(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
  try {
    const file = JSON.parse(fromUtf8(bytes)) as Partial<AgentFile>;
    const { key } = file;
    const placed =
      (key?.kind === 'file' && typeof key.path === 'string') ||
      (key?.kind === 'credential' && typeof key.name === 'string');
    if (
      file.v === 1 &&
      placed &&
      typeof file.agentId === 'string' &&
      typeof file.workspaceId === 'string' &&
      typeof file.keyRecord === 'string' &&
      typeof file.sealKey === 'string'
    ) {
      return file as AgentFile;
    }
  } catch {
    // Said below.
  }
  throw agentError('AGENT_STATE_DAMAGED', `${path} is damaged.`);
}

/** True where an agent lives in this directory. */
export async function isEnrolled(fs: Fs, directory: string): Promise<boolean> {
  return (await readAgentFile(fs, directory)) !== undefined;
}

function openProvider(
  place: KeyPlace,
  ports: AgentPorts,
  options: { create: boolean; credentialsDirectory: string | undefined },
): Promise<KeyProvider> {
  const { fs, random } = ports;
  if (place.kind === 'file') {
    return openLocalKeystore({ path: place.path, fs, random, create: options.create });
  }
  if (options.credentialsDirectory === undefined) {
    throw agentError('AGENT_STATE_DAMAGED', 'The agent’s key is a systemd credential.', {
      hint: `Start the agent from its unit, with LoadCredentialEncrypted=${place.name}.`,
    });
  }
  const { credentialsDirectory } = options;
  return openSystemdCredential({ credentialsDirectory, name: place.name, fs, random });
}

const sealerOf = (random: Random, key: AeadKey): Sealer => ({
  seal: (plain, context) => sealAead(random, key, { plain, context: utf8(context) }),
  open: (sealed, context) => openAead(key, { sealed, context: utf8(context) }),
});

const segmentContext = (context: { journalId: string; segment: bigint }): string =>
  `${context.journalId}:${context.segment}`;

const segmentKeysOf = (keys: WorkspaceKeys): SegmentKeys => ({
  async create(context) {
    const { key, wrapped } = keys.createDataKey('spool', segmentContext(context));
    return { key, wrapped };
  },
  async open(wrapped, context) {
    return keys.unwrapDataKey('spool', wrapped, segmentContext(context)).key;
  },
});

/** Removes an agent's state, and nothing else that lies in the directory. */
export async function removeState(fs: Fs, directory: string): Promise<void> {
  // First what makes it an agent: half a removal is no agent.
  for (const name of [
    agentFileName,
    identityFileName,
    'configuration',
    'checkpoint',
    'epoch',
    'handovers',
    'inventory',
    'receipts',
    'status.json',
    'agent.lock',
    'spool',
  ]) {
    await fs.removeTree(join(directory, name));
  }
  await fs.syncDirectory(directory);
}

/** Makes the state of a newly enrolled agent. The identity is written last: it makes the agent. */
export async function createState(
  ports: AgentPorts,
  options: {
    directory: string;
    key: KeyPlace;
    credentialsDirectory: string | undefined;
    identity: AgentIdentityRecord;
  },
): Promise<void> {
  const { fs, random, clock } = ports;
  const { directory, key, identity } = options;
  if (key.kind === 'file') assertOutside(directory, key.path);
  const workspace = workspaceId(identity.workspaceId);
  const provider = await openProvider(key, ports, {
    create: true,
    credentialsDirectory: options.credentialsDirectory,
  });
  try {
    const record = await createWorkspaceKeyRecord({
      provider,
      workspaceId: workspace,
      random,
      clock,
    });
    const keys = await openWorkspaceKeys({ provider, record, workspaceId: workspace, random });
    const dataKey = keys.createDataKey('saved', sealContext);
    const sealer = sealerOf(random, { id: fromHex(dataKey.keyId), key: dataKey.key });
    const file: AgentFile = {
      v: 1,
      agentId: identity.agentId,
      workspaceId: identity.workspaceId,
      key,
      keyRecord: toBase64(record),
      sealKey: toBase64(dataKey.wrapped),
    };
    await writeSealedFile(
      fs,
      sealer,
      join(directory, identityFileName),
      identityContext(identity.agentId),
      utf8(JSON.stringify(identity)),
    );
    await replaceFile(
      fs,
      join(directory, agentFileName),
      utf8(`${JSON.stringify(file, undefined, 2)}\n`),
    );
    keys.close();
  } finally {
    provider.close();
  }
}

/** Opens an agent's state. Throws `AGENT_NOT_ENROLLED`, `AGENT_STATE_DAMAGED` and the key's errors. */
export async function openState(
  ports: AgentPorts,
  options: { directory: string; credentialsDirectory: string | undefined },
): Promise<AgentState> {
  const { fs, random } = ports;
  const { directory } = options;
  const file = await readAgentFile(fs, directory);
  if (file === undefined) {
    throw agentError('AGENT_NOT_ENROLLED', `No agent is enrolled in ${directory}.`, {
      hint: 'Enrol it with the line that the portal or `strongroom agent enrol` prints.',
    });
  }
  const provider = await openProvider(file.key, ports, {
    create: false,
    credentialsDirectory: options.credentialsDirectory,
  });
  const keys = await openWorkspaceKeys({
    provider,
    record: fromBase64(file.keyRecord),
    workspaceId: workspaceId(file.workspaceId),
    random,
  });
  provider.close();
  const dataKey = keys.unwrapDataKey('saved', fromBase64(file.sealKey), sealContext);
  const sealer = sealerOf(random, { id: fromHex(dataKey.keyId), key: dataKey.key });
  const identityPath = join(directory, identityFileName);
  const context = identityContext(file.agentId);
  const sealed = await readSealedFile(fs, sealer, identityPath, context);
  if (sealed === undefined) {
    throw agentError('AGENT_STATE_DAMAGED', `${identityPath} is missing.`);
  }
  let identity = JSON.parse(fromUtf8(sealed)) as AgentIdentityRecord;
  return {
    directory,
    sealer,
    segmentKeys: segmentKeysOf(keys),
    get identity() {
      return identity;
    },
    async setIdentity(next) {
      await writeSealedFile(fs, sealer, identityPath, context, utf8(JSON.stringify(next)));
      identity = next;
    },
    close() {
      dataKey.key.fill(0);
      keys.close();
    },
  };
}
