import { StrongroomError, equalBytes, toBase64 } from '@strongroom/base';
import type { Clock, Fs, Random, WorkspaceId } from '@strongroom/base';
import {
  changeLocalKeystore,
  describeLocalKeystore,
  describeWorkspaceKeyRecord,
  localWrappingId,
  destroyWorkspaceKeyRecord,
  pruneWorkspaceKeyRecord,
  rewrapWorkspaceKeyRecord,
  rotateWorkspaceKeyRecord,
} from '@strongroom/keys';
import type { Authority, KeyProvider, ServiceKeys } from '@strongroom/keys';
import { agentLimits } from '../agents/limits.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredAgent, StoredWorkspace } from '../catalog/records.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import { serviceActor } from '../workspaces/record.js';
import type { RecordActor } from '../workspaces/record.js';
import type { ClosableWorkspaces } from '../workspaces/workspaces.js';
import { isCustomerKey, providerNameOf } from './provider-set.js';
import type { ProviderSet } from './provider-set.js';
import type { KeptSigningKeys } from './signing-keys.js';

/** A workspace's keys as people see them. Times in ISO 8601, sizes in bytes. */
export interface WorkspaceKeyStatus {
  readonly workspaceId: WorkspaceId;
  readonly name: string;
  readonly provider: string;
  readonly managedBy: 'service' | 'customer';
  /** `away`: the provider does not give the key; ingestion goes on, sealed. */
  readonly state: 'available' | 'away';
  readonly keys: readonly {
    readonly keyId: string;
    readonly kind: 'symmetric' | 'sealing';
    readonly state: 'current' | 'retired';
    readonly created: string;
    /** Segments of journal and records whose own key it wraps; unknown while the key is away. */
    readonly segments?: number;
  }[];
  /** When the workspace's key and the engine's are due to be replaced. */
  readonly nextRotation: string;
  /** The key that signs its ledger, and whether it is an older one than the service's newest. */
  readonly signing: {
    readonly verifierKey: string;
    readonly created: string;
    readonly nextRotation: string;
    readonly underOldKey: boolean;
  };
  /** The authority that its agents' certificates come from. */
  readonly authority: ServiceKeyStatus['authority'];
  /** While the authority of certificates is replaced: agents whose certificate is by the old key. */
  readonly agentsUnderOldAuthority: number;
  readonly disk?: {
    readonly current: number;
    readonly created?: string;
    readonly rotating: boolean;
    readonly bytes: number;
    readonly bytesUnderOldKeys: number;
    readonly filesUnderOldKeys: number;
  };
}

export interface ServiceKeyStatus {
  readonly root: {
    readonly provider: string;
    /** For a key file: ids of its keys, the current one first, and whether a passphrase seals it. */
    readonly keys?: readonly string[];
    readonly sealed?: boolean;
  };
  /** The key that signs checkpoints and receipts. */
  readonly signing: {
    /** Base64 of its 32 bytes. */
    readonly publicKey: string;
    readonly created: string;
    /** When the next rotation is due. */
    readonly nextRotation: string;
    /** Earlier keys that are not destroyed, because ledgers are signed by them still. */
    readonly earlierKeys: number;
    readonly ledgersUnderOldKeys: number;
  };
  /** The authority that certificates of agents and of the service come from. */
  readonly authority: {
    /** SHA-256 of its certificate, hexadecimal. */
    readonly fingerprint: string;
    readonly created: string;
    readonly nextRotation: string;
    /** The key before it, while it still counts. */
    readonly earlier?: {
      readonly fingerprint: string;
      /** From then on it counts no more. */
      readonly until: string;
      /** Agents whose certificate is by it. */
      readonly agents: number;
    };
  };
  readonly rotationDays: number;
  readonly files: readonly { readonly name: string; readonly wrappedBy: string }[];
  /** What is still wrapped by an older root key; then a rotation is not done. */
  readonly underOldRoot: number;
}

export type RotatedPart = 'workspace' | 'disk';

/** Keys of the service that rotate: of checkpoints and receipts, and of certificates. */
export type RotatedServicePart = 'signing' | 'ca';

/** Who asks, as records name them. */
export interface KeyActor {
  readonly actor: RecordActor;
  readonly correlationId?: string;
}

/** What is done with keys, whoever asks: people, ARM, the calendar. */
export interface KeyControl {
  workspaceStatus(id: WorkspaceId): Promise<WorkspaceKeyStatus>;
  serviceStatus(): Promise<ServiceKeyStatus>;
  /** Puts a workspace under another provider, with fresh keys of its own. */
  move(id: WorkspaceId, to: { provider: string; version?: string } & KeyActor): Promise<void>;
  /** Replaces keys of a workspace. Resolves when `disk` is begun; it goes on by itself. */
  rotate(id: WorkspaceId, parts: readonly RotatedPart[], by: KeyActor): Promise<void>;
  /** Replaces the local root key and wraps anew what it wrapped. Older ones go on to unwrap. */
  rotateRoot(): Promise<void>;
  /**
   * Replaces a key of the service. Signing: each ledger is handed over, and the old key destroyed when
   * none is left; what could not be is gone on with by {@link care}. Authority: agents get certificates
   * by the new key when they renew theirs; the old one is ended when the last by it has expired.
   */
  rotateService(part: RotatedServicePart, by: KeyActor): Promise<void>;
  /** Ends the authority's earlier key now: agents whose certificate is by it must enrol anew. */
  dropAuthority(by: KeyActor): Promise<void>;
  /**
   * Lets go of root keys that nothing of this service lies under. What lies elsewhere (a backup) and
   * was wrapped by them is lost: nobody does this but by name.
   */
  pruneRoot(): Promise<readonly string[]>;
  /**
   * Destroys a workspace's keys: the record in the catalog, the engine's keys, the engine's files and
   * what is in memory. Nothing stored can be read again. Returns the signed certificate.
   */
  destroy(id: WorkspaceId, by: KeyActor): Promise<string>;
  /** Goes on with what was begun, and begins what is due. */
  care(): Promise<void>;
  /** Care at once and then every hour. */
  start(): void;
  close(): Promise<void>;
}

export interface KeyControlOptions {
  readonly catalog: Catalog;
  readonly workspaces: Pick<ClosableWorkspaces, 'open' | 'keyWork' | 'forgetKeys' | 'handOver'>;
  readonly signing: KeptSigningKeys;
  readonly authority: Authority;
  /** The server's certificate and the trust in agents' are made anew. */
  readonly authorityChanged: () => Promise<void>;
  /** The service's own ledger, handed over with the others. */
  readonly serviceLedger: { handOver(): Promise<void> };
  readonly providers: ProviderSet;
  readonly serviceKeys: ServiceKeys;
  /** How the root key was opened, where it is a file; undefined for a remote one. */
  readonly rootFile: Parameters<typeof changeLocalKeystore>[0] | undefined;
  /** Takes the place of the root that is open. */
  readonly exchangeRoot: () => Promise<void>;
  /** Segments of the service's own journal, by the provider that wrapped their keys. */
  readonly serviceSegments: () => readonly Uint8Array[];
  readonly rotationDays: number;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const dayMs = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const careIntervalMs = 3_600_000;
/** How long an earlier key of the authority counts: as its last certificate, and a day for clocks. */
const authorityOverlapMs = (agentLimits.certificateDays + 1) * dayMs;

export function createKeyControl(options: KeyControlOptions): KeyControl {
  const { catalog, workspaces, providers, serviceKeys, clock, random, log } = options;
  const stop = new AbortController();
  /** Disk rotations that run, by workspace. */
  const rotating = new Map<WorkspaceId, Promise<void>>();

  const stored = (id: WorkspaceId): StoredWorkspace => {
    const found = catalog.workspace(id);
    if (found !== undefined) return found;
    throw new StrongroomError('WORKSPACE_NOT_FOUND', 'There is no workspace with this id.');
  };

  /** Writes a record where it is still the one that was looked at. */
  const replaceRecord = (id: WorkspaceId, before: Uint8Array, after: Uint8Array): Promise<void> =>
    catalog.change(async (write, snapshot) => {
      const now = snapshot.workspaces.get(id);
      if (now === undefined || Buffer.compare(now.keyRecord, before) !== 0) {
        throw new StrongroomError('KEYS_CHANGED', 'The keys were changed meanwhile. Try again.');
      }
      await write.putWorkspace({ ...now, keyRecord: after });
    });

  const needWork = async (id: WorkspaceId) => {
    const work = await workspaces.keyWork(id);
    if (work !== undefined) return work;
    throw new StrongroomError('WORKSPACE_KEY_AWAY', 'The key of this workspace is not available.');
  };

  async function renewRecord(
    id: WorkspaceId,
    how: { provider: KeyProvider; record: (before: StoredWorkspace) => Promise<Uint8Array> },
    by: KeyActor,
  ): Promise<void> {
    const work = await needWork(id);
    const before = stored(id);
    const after = await how.record(before);
    const [was] = describeWorkspaceKeyRecord(before.keyRecord);
    const [is] = describeWorkspaceKeyRecord(after);
    const workspace = await workspaces.open(id);
    await workspace.record({
      type: 'keyRotated',
      actor: by.actor,
      ...(by.correlationId === undefined ? {} : { correlationId: by.correlationId }),
      purpose: 'workspace',
      keyId: was?.keyId ?? '',
      newKeyId: is?.keyId ?? '',
      provider: is?.providerId ?? '',
    });
    await replaceRecord(id, before.keyRecord, after);
    await work.renew(how.provider, after);
  }

  const startDisk = (id: WorkspaceId, begin: boolean, by: KeyActor): Promise<void> => {
    const known = rotating.get(id);
    if (known !== undefined) return known;
    const run = async (): Promise<void> => {
      const work = await needWork(id);
      const before = (await work.use()).disk;
      if ((await work.rotateDisk({ begin })) === 'nothing to do') return;
      const after = (await work.use()).disk;
      await (
        await workspaces.open(id)
      ).record({
        type: 'keyRotated',
        actor: by.actor,
        purpose: 'engine-disk',
        keyId: String(before.numbers.length > 1 ? Math.min(...before.numbers) : before.current),
        newKeyId: String(after.current),
      });
      log.info('engine disk key rotated', { workspace: id, key: after.current });
    };
    const running = run().finally(() => rotating.delete(id));
    rotating.set(id, running);
    running.catch((error: unknown) => {
      if (stop.signal.aborted) return;
      log.warn('the rotation of a disk key goes on later', {
        workspace: id,
        ...errorFields(error),
      });
    });
    return running;
  };

  const isDue = (at: number): boolean => clock.now() - at >= options.rotationDays * dayMs;

  async function careFor(id: WorkspaceId): Promise<void> {
    const work = await workspaces.keyWork(id);
    if (work === undefined) return;
    const by = { actor: serviceActor };
    await work.finishRenewal();
    const record = stored(id).keyRecord;
    const facts = describeWorkspaceKeyRecord(record);
    const current = facts.find(({ kind, state }) => kind === 'symmetric' && state === 'current');
    if (current !== undefined && isDue(current.createdAt)) await rotateWorkspace(id, by);
    const { disk, segments } = await work.use();
    if (disk.numbers.length > 1 || isDue(disk.madeAt ?? stored(id).createdAt)) {
      await startDisk(id, true, by);
    }
    // Keys that wrap nothing any more are let go.
    const latest = stored(id).keyRecord;
    const kept = new Set([...segments.keys(), ...disk.wrappedBy]);
    const pruned = pruneWorkspaceKeyRecord(latest, kept);
    if (pruned.length < latest.length) {
      await replaceRecord(id, latest, pruned);
      await work.keepRecord(pruned);
    }
  }

  async function rotateWorkspace(id: WorkspaceId, by: KeyActor): Promise<void> {
    const provider = await providers.open(providerNameOf(stored(id).keyRecord));
    await renewRecord(
      id,
      {
        provider,
        record: ({ keyRecord }) =>
          rotateWorkspaceKeyRecord({ provider, record: keyRecord, workspaceId: id, random, clock }),
      },
      by,
    );
  }

  const localId = (name: string, wrapped: Uint8Array): string =>
    name.startsWith('local:') ? localWrappingId(wrapped) : name;

  /** What is wrapped by which root key, as far as it is the root. */
  async function rootUse(): Promise<Map<string, number>> {
    const use = new Map<string, number>();
    const count = (by: string): void => void use.set(by, (use.get(by) ?? 0) + 1);
    for (const { wrappedBy } of await serviceKeys.wrappings()) count(wrappedBy);
    for (const { keyRecord } of catalog.snapshot.workspaces.values()) {
      for (const { providerId, wrapped } of describeWorkspaceKeyRecord(keyRecord)) {
        if (!isCustomerKey(providerId)) count(localId(providerId, wrapped));
      }
    }
    const { root } = providers;
    for (const wrapped of options.serviceSegments()) count(localId(root.id, wrapped));
    return use;
  }

  /** Wraps anew what lies under an older root key. */
  async function finishRoot(): Promise<void> {
    const { rootFile } = options;
    if (rootFile === undefined || (await describeLocalKeystore(rootFile)).ids.length === 1) return;
    const { root } = providers;
    for (const { name, wrappedBy } of await serviceKeys.wrappings()) {
      if (wrappedBy !== root.id) await serviceKeys.rewrap(name);
    }
    for (const { workspaceId, keyRecord } of catalog.snapshot.workspaces.values()) {
      const stale = describeWorkspaceKeyRecord(keyRecord).some(
        ({ providerId, wrapped }) =>
          !isCustomerKey(providerId) && localId(providerId, wrapped) !== root.id,
      );
      if (!stale) continue;
      const after = await rewrapWorkspaceKeyRecord({
        from: root,
        to: root,
        record: keyRecord,
        workspaceId,
      });
      await replaceRecord(workspaceId, keyRecord, after);
    }
  }

  /** Ledgers that an old key signs, as the last look found; what cannot be opened is among them. */
  let ledgersBehind = 0;

  /** Hands every ledger over to the newest signing key, and destroys those before when none is left. */
  async function finishSigning(by: RecordActor): Promise<void> {
    const { signing, serviceLedger } = options;
    if (signing.earlier.length === 0) return;
    let behind = 0;
    const handOver = async (what: string, run: () => Promise<void>): Promise<void> => {
      await run().catch((error: unknown) => {
        behind += 1;
        log.warn('a ledger is handed over later', { ledger: what, ...errorFields(error) });
      });
    };
    await handOver('service', () => serviceLedger.handOver());
    for (const { workspaceId: id, region } of catalog.snapshot.workspaces.values()) {
      if (stop.signal.aborted) return;
      await handOver(id, () => workspaces.handOver(id, region, by));
    }
    ledgersBehind = behind;
    if (behind > 0) return;
    await signing.removeEarlier();
    log.info('signing key rotated');
  }

  /** One rotation of the service's keys at a time. */
  let serviceTurn: Promise<unknown> = Promise.resolve();
  const inServiceTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = serviceTurn.then(run);
    serviceTurn = turn.catch(() => undefined);
    return turn;
  };

  const rotateSigning = (by: RecordActor): Promise<void> =>
    inServiceTurn(async () => {
      // One that was begun is finished first, and is not begun again.
      if (options.signing.earlier.length === 0) await options.signing.add();
      await finishSigning(by);
    });

  /** An act on the authority stands in the ledger of each workspace whose agents it concerns. */
  async function recordAuthority(
    by: RecordActor,
    what: { type: 'keyRotated' | 'keyDestroyed'; keyId: string; newKeyId?: string },
  ): Promise<void> {
    for (const { workspaceId: id } of catalog.workspaces()) {
      const record = async (): Promise<void> => {
        const workspace = await workspaces.open(id);
        await workspace.record({ ...what, actor: by, purpose: 'authority' });
      };
      await record().catch((error: unknown) => {
        log.warn('the change of the authority was not recorded', {
          workspace: id,
          ...errorFields(error),
        });
      });
    }
  }

  const rotateAuthority = (by: RecordActor): Promise<void> =>
    inServiceTurn(async () => {
      const [before] = options.authority.keys;
      await options.authority.rotate();
      await options.authorityChanged();
      const [now] = options.authority.keys;
      await recordAuthority(by, {
        type: 'keyRotated',
        keyId: before?.fingerprint ?? '',
        newKeyId: now?.fingerprint ?? '',
      });
      log.info('authority rotated', { fingerprint: now?.fingerprint ?? '' });
    });

  const dropAuthority = (by: RecordActor): Promise<void> =>
    inServiceTurn(async () => {
      const [, earlier] = options.authority.keys;
      if (earlier === undefined) return;
      await options.authority.dropEarlier();
      await options.authorityChanged();
      await recordAuthority(by, { type: 'keyDestroyed', keyId: earlier.fingerprint });
      log.info('the earlier key of the authority is ended', { fingerprint: earlier.fingerprint });
    });

  async function careForAuthority(): Promise<void> {
    const [newest, earlier] = options.authority.keys;
    if (newest === undefined) return;
    if (earlier !== undefined) {
      if (clock.now() >= newest.madeAt + authorityOverlapMs) await dropAuthority(serviceActor);
    } else if (isDue(newest.madeAt)) await rotateAuthority(serviceActor);
  }

  function authorityStatus(): ServiceKeyStatus['authority'] {
    const [newest, earlier] = options.authority.keys;
    const madeAt = newest?.madeAt ?? 0;
    return {
      fingerprint: newest?.fingerprint ?? '',
      created: iso(madeAt),
      nextRotation: iso(madeAt + options.rotationDays * dayMs),
      ...(earlier === undefined
        ? {}
        : {
            earlier: {
              fingerprint: earlier.fingerprint,
              until: iso(madeAt + authorityOverlapMs),
              agents: agentsUnder(madeAt).length,
            },
          }),
    };
  }

  /**
   * Agents that may speak and whose certificate was made before a time, or in its second: certificates
   * know no fractions, and one too many is said rather than one too few.
   */
  const agentsUnder = (madeAt: number): readonly StoredAgent[] =>
    [...catalog.snapshot.agents.values()].filter(
      ({ revokedAt, notAfter }) =>
        revokedAt === undefined &&
        notAfter > clock.now() &&
        notAfter <= Math.floor(madeAt / 1000) * 1000 + agentLimits.certificateDays * dayMs,
    );

  async function careForSigning(): Promise<void> {
    if (isDue(options.signing.madeAt)) await rotateSigning(serviceActor);
    else await inServiceTurn(() => finishSigning(serviceActor));
  }

  let looping: Promise<void> | undefined;
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await control.care();
      await clock.sleep(careIntervalMs, stop.signal).catch(() => undefined);
    }
  };

  const control: KeyControl = {
    async workspaceStatus(id) {
      const { name, keyRecord } = stored(id);
      const provider = providerNameOf(keyRecord);
      const work = await workspaces.keyWork(id);
      const use = await work?.use();
      const { verifierKey, verifierKeys } = await workspaces.open(id);
      const facts = describeWorkspaceKeyRecord(keyRecord);
      const rotatedAt = Math.min(
        ...facts.filter(({ state }) => state === 'current').map(({ createdAt }) => createdAt),
        use?.disk.madeAt ?? Number.POSITIVE_INFINITY,
      );
      const [authority, earlier] = options.authority.keys;
      const newest = options.signing.newest.publicKey;
      return {
        nextRotation: iso(rotatedAt + options.rotationDays * dayMs),
        signing: {
          verifierKey,
          created: iso(options.signing.madeAt),
          nextRotation: iso(options.signing.madeAt + options.rotationDays * dayMs),
          underOldKey: !verifierKeys.some(
            ({ publicKey, retired }) => retired === undefined && equalBytes(publicKey, newest),
          ),
        },
        authority: authorityStatus(),
        agentsUnderOldAuthority:
          authority === undefined || earlier === undefined
            ? 0
            : agentsUnder(authority.madeAt).filter(({ workspaceId }) => workspaceId === id).length,
        workspaceId: id,
        name,
        provider,
        managedBy: isCustomerKey(provider) ? 'customer' : 'service',
        state: work === undefined ? 'away' : 'available',
        keys: facts.map(({ keyId, kind, state, createdAt }) => ({
          keyId,
          kind,
          state,
          created: new Date(createdAt).toISOString(),
          ...(use === undefined ? {} : { segments: use.segments.get(keyId) ?? 0 }),
        })),
        ...(use === undefined
          ? {}
          : {
              disk: {
                current: use.disk.current,
                ...(use.disk.madeAt === undefined
                  ? {}
                  : { created: new Date(use.disk.madeAt).toISOString() }),
                rotating: use.disk.numbers.length > 1,
                bytes: use.disk.bytes,
                bytesUnderOldKeys: use.disk.oldBytes,
                filesUnderOldKeys: use.disk.oldFiles,
              },
            }),
      };
    },

    async serviceStatus() {
      const { root } = providers;
      const { rootFile } = options;
      const file = rootFile === undefined ? undefined : await describeLocalKeystore(rootFile);
      const use = await rootUse();
      let underOldRoot = 0;
      for (const [by, count] of use) {
        if (by.startsWith('local:') && by !== root.id) underOldRoot += count;
      }
      return {
        root: {
          provider: root.id,
          ...(file === undefined ? {} : { keys: file.ids, sealed: file.sealed }),
        },
        signing: {
          publicKey: toBase64(options.signing.newest.publicKey),
          created: new Date(options.signing.madeAt).toISOString(),
          nextRotation: new Date(
            options.signing.madeAt + options.rotationDays * dayMs,
          ).toISOString(),
          earlierKeys: options.signing.earlier.length,
          ledgersUnderOldKeys: ledgersBehind,
        },
        authority: authorityStatus(),
        rotationDays: options.rotationDays,
        files: await serviceKeys.wrappings(),
        underOldRoot,
      };
    },

    async move(id, { provider: name, version, ...by }) {
      const to = name === '' ? providers.root : await providers.open(name, version ?? '');
      const fromName = providerNameOf(stored(id).keyRecord);
      const from = await providers.open(fromName);
      await renewRecord(
        id,
        {
          provider: to,
          record: async ({ keyRecord }) => {
            const record = await rewrapWorkspaceKeyRecord({
              from,
              to,
              record: keyRecord,
              workspaceId: id,
            });
            // What the earlier provider could open is not what new data goes under.
            return rotateWorkspaceKeyRecord({
              provider: to,
              record,
              workspaceId: id,
              random,
              clock,
            });
          },
        },
        by,
      );
      // Whoever had the earlier key may have kept what it opened: the engine's files leave it as well.
      if (to.id !== fromName) void startDisk(id, true, by).catch(() => undefined);
    },

    async rotate(id, parts, by) {
      if (parts.includes('workspace')) await rotateWorkspace(id, by);
      if (parts.includes('disk')) {
        await needWork(id);
        void startDisk(id, true, by).catch(() => undefined);
      }
    },

    async rotateRoot() {
      const { rootFile } = options;
      if (rootFile === undefined) {
        throw new StrongroomError(
          'KEYS_NOT_SUPPORTED',
          'The root key is not a file of this service: rotate it where it is.',
        );
      }
      await changeLocalKeystore(rootFile, { rotate: true });
      await options.exchangeRoot();
      await finishRoot();
    },

    async rotateService(part, { actor }) {
      await (part === 'ca' ? rotateAuthority(actor) : rotateSigning(actor));
    },

    dropAuthority: ({ actor }) => dropAuthority(actor),

    async pruneRoot() {
      const { rootFile } = options;
      if (rootFile === undefined) return [];
      const keep = [...(await rootUse()).keys()].map((id) => id.slice('local:'.length));
      return (await changeLocalKeystore(rootFile, { keep })).ids;
    },

    async care() {
      await finishRoot().catch((error: unknown) => {
        log.warn('the rotation of the root key goes on later', errorFields(error));
      });
      await careForSigning().catch((error: unknown) => {
        log.warn('the rotation of the signing key goes on later', errorFields(error));
      });
      await careForAuthority().catch((error: unknown) => {
        log.warn('the authority was not looked after', errorFields(error));
      });
      for (const { workspaceId: id } of catalog.workspaces()) {
        if (stop.signal.aborted) return;
        await careFor(id).catch((error: unknown) => {
          if (stop.signal.aborted) return;
          log.warn('keys were not looked after', { workspace: id, ...errorFields(error) });
        });
      }
    },

    async destroy(id, by) {
      const { name, keyRecord, region } = stored(id);
      const facts = describeWorkspaceKeyRecord(keyRecord);
      const workspace = await workspaces.open(id);
      const { sequence } = await workspace.record({
        type: 'keyDestroyed',
        actor: by.actor,
        ...(by.correlationId === undefined ? {} : { correlationId: by.correlationId }),
        purpose: 'workspace',
        keyId: facts.map(({ keyId }) => keyId).join(','),
        provider: providerNameOf(keyRecord),
      });
      const certificate = await workspace.signNote(
        [
          'strongroom certificate of key destruction v1',
          `workspace ${id}`,
          `name ${name}`,
          `region ${region}`,
          `provider ${providerNameOf(keyRecord)}`,
          ...facts.map(({ keyId, kind }) => `key ${kind} ${keyId}`),
          `record ${sequence}`,
          `time ${new Date(clock.now()).toISOString()}`,
          '',
        ].join('\n'),
      );
      await replaceRecord(id, keyRecord, destroyWorkspaceKeyRecord(keyRecord));
      await workspaces.forgetKeys(id);
      return certificate;
    },

    start() {
      looping ??= loop();
    },

    async close() {
      stop.abort(new Error('closing'));
      await looping;
      await serviceTurn;
      // They end with their workspaces and go on at the next start.
    },
  };
  return control;
}
