import { formatBytes, formatCount } from './answer.js';

/** What `/api/workspaces/ID/keys` answers, as far as it is shown. */
export interface KeyStatus {
  readonly provider: string;
  readonly managedBy: 'service' | 'customer';
  readonly state: 'available' | 'away';
  readonly keys: readonly {
    readonly keyId: string;
    readonly kind: 'symmetric' | 'sealing';
    readonly state: 'current' | 'retired';
    readonly created: string;
    readonly segments?: number;
  }[];
  readonly nextRotation: string;
  readonly signing: {
    readonly verifierKey: string;
    readonly created: string;
    readonly nextRotation: string;
    readonly underOldKey: boolean;
  };
  readonly authority: {
    readonly fingerprint: string;
    readonly created: string;
    readonly nextRotation: string;
  };
  readonly agentsUnderOldAuthority: number;
  readonly disk?: {
    readonly current: number;
    readonly created?: string;
    readonly rotating: boolean;
    readonly bytes: number;
    readonly bytesUnderOldKeys: number;
  };
}

/** One key of a workspace as the page lists it. Times in ISO 8601. */
export interface KeyRow {
  readonly what: string;
  /** Enough of its id to tell it from another; `id` is the whole. */
  readonly name: string;
  readonly id: string;
  readonly made: string | undefined;
  readonly nextRotation: string;
  /** What is still under an older key; undefined where nothing is. */
  readonly underOld: string | undefined;
}

const shortLength = 8;

/** The keys that a workspace's data, its ledger and its agents are under now. */
export function keyRows(status: KeyStatus): readonly KeyRow[] {
  const { keys, disk, signing, authority, agentsUnderOldAuthority: agents } = status;
  const current = keys.find(({ kind, state }) => kind === 'symmetric' && state === 'current');
  const old = keys
    .filter(({ state }) => state === 'retired')
    .reduce((sum, { segments = 0 }) => sum + segments, 0);
  const [, signingId = ''] = signing.verifierKey.split('+');
  return [
    {
      what: 'Workspace key',
      name: (current?.keyId ?? '').slice(0, shortLength),
      id: current?.keyId ?? '',
      made: current?.created,
      nextRotation: status.nextRotation,
      underOld: old === 0 ? undefined : counted(old, 'segment'),
    },
    ...(disk === undefined
      ? []
      : [
          {
            what: 'Tables',
            name: `key ${disk.current}`,
            id: `key ${disk.current}, ${formatBytes(disk.bytes)}`,
            made: disk.created,
            nextRotation: status.nextRotation,
            underOld:
              disk.bytesUnderOldKeys > 0
                ? formatBytes(disk.bytesUnderOldKeys)
                : disk.rotating
                  ? 'being written anew'
                  : undefined,
          },
        ]),
    {
      what: 'Ledger signature',
      name: signingId,
      id: signing.verifierKey,
      made: signing.created,
      nextRotation: signing.nextRotation,
      underOld: signing.underOldKey ? 'this ledger' : undefined,
    },
    {
      what: 'Agents’ certificates',
      name: authority.fingerprint.slice(0, shortLength),
      id: authority.fingerprint,
      made: authority.created,
      nextRotation: authority.nextRotation,
      underOld: agents === 0 ? undefined : counted(agents, 'agent'),
    },
  ];
}

const counted = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Who holds the workspace's key, in a sentence. */
export function keeperText({ managedBy, provider }: KeyStatus): string {
  if (managedBy === 'service') return 'The service holds the key of this workspace.';
  const [kind = ''] = provider.split(':', 1);
  const places: Readonly<Record<string, string>> = {
    azurekeyvault: 'an Azure Key Vault',
    transit: 'a Transit server',
    pkcs11: 'an HSM',
  };
  return `You hold the key of this workspace, in ${places[kind] ?? kind}.`;
}
