import { dirname } from 'node:path';
import { utf8 } from '@strongroom/base';
import type { Clock, Fs, Random, Sha256 } from '@strongroom/base';
import { openJournal } from '@strongroom/journal';
import type { Journal } from '@strongroom/journal';
import { verifyEd25519 } from '@strongroom/keys';
import type { Ed25519Signer, KeyProvider } from '@strongroom/keys';
import { openLedger, printNote, signNote } from '@strongroom/ledger';
import type { Ledger } from '@strongroom/ledger';
import type { CatalogReader } from '../catalog/catalog.js';
import { noteSigners } from '../keys/signing-keys.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import type { Log } from '../log.js';
import { encodeEntryMetadata } from '../workspaces/entry.js';
import { workspaceLimits } from '../workspaces/limits.js';
import { Sealer } from '../workspaces/sealer.js';
import { serviceSegmentKeys } from '../workspaces/segment-keys.js';
import type { Workspaces } from '../workspaces/workspace.js';
import type { Audit, AuditEvent } from './audit.js';

/** The origin of the service's own ledger. */
export const serviceLedgerOrigin = 'strongroom/service';

/** The stream and table name under which service events stand in the service's journal. */
export const serviceAuditTable = 'AzureActivity';

export interface AuditOptions {
  /** The service's data directory; the service's journal and ledger lie in `service` below it. */
  readonly root: string;
  readonly workspaces: Workspaces;
  readonly catalog: CatalogReader;
  readonly keyProvider: KeyProvider;
  readonly signer: Ed25519Signer | SigningKeys;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly log: Log;
}

/** An {@link Audit} with its own journal and ledger. */
export interface ServiceAudit extends Audit {
  /** Newest signed checkpoint of the service's ledger, as text. */
  checkpoint(): string | undefined;
  /** Hands the service's ledger over to the newest signing key. */
  handOver(): Promise<void>;
  /** Signs a text (c2sp.org/signed-note) with the key of the service's ledger. */
  signNote(text: string): Promise<string>;
  /** The key that verifies its checkpoints: `name+hash+base64`. */
  readonly verifierKey: string;
  /** The signed hand-overs from key to key, oldest first. */
  readonly handOvers: readonly string[];
  /** The wrapped keys of its journal's segments. */
  wrappedKeys(): readonly Uint8Array[];
  close(): Promise<void>;
}

/**
 * Opens the audit. An event of a workspace goes into that workspace's journal (and from there into
 * `AzureActivity`, where its people query it); all others into the service's own journal, which is
 * sealed like a workspace's and readable offline. Neither waits for an engine; both use the space
 * that is kept free for them.
 */
export async function openAudit(options: AuditOptions): Promise<ServiceAudit> {
  const { root, fs, clock, random, sha256, log } = options;
  const directory = `${root}/service`;
  await fs.makeDirectory(`${directory}/journal`);
  await fs.syncDirectory(directory);
  await fs.syncDirectory(root);
  // The audit is the first to promise durability. A parent that we may not read was not made by us.
  await fs.syncDirectory(dirname(root)).catch(() => undefined);
  const ledger = await openLedger({
    directory: `${directory}/ledger`,
    fs,
    sha256,
    clock,
    origin: serviceLedgerOrigin,
    ...noteSigners(options.signer, serviceLedgerOrigin),
    verifySignature: verifyEd25519,
  });
  const journal = await openJournal({
    directory: `${directory}/journal`,
    journalId: 'service',
    fs,
    clock,
    random,
    keys: serviceSegmentKeys(options.keyProvider, random),
    atLeast: ledger.size,
  });
  const sealer = new Sealer({
    journal,
    ledger,
    clock,
    log,
    limits: workspaceLimits,
    alarm: (code) => log.error('alarm', { ledger: serviceLedgerOrigin, code }),
  });
  sealer.start();
  return new JournalAudit(options, { journal, ledger, sealer });
}

class JournalAudit implements ServiceAudit {
  readonly #options: AuditOptions;
  readonly #journal: Journal;
  readonly #ledger: Ledger;
  readonly #sealer: Sealer;

  constructor(options: AuditOptions, parts: { journal: Journal; ledger: Ledger; sealer: Sealer }) {
    this.#options = options;
    this.#journal = parts.journal;
    this.#ledger = parts.ledger;
    this.#sealer = parts.sealer;
  }

  async record(event: AuditEvent): Promise<void> {
    const { catalog, workspaces, clock } = this.#options;
    const row = activityRow(event, clock.now());
    // A workspace that is not in the catalog (not yet, or no more) has no journal to write to.
    if (event.workspaceId !== undefined && catalog.workspace(event.workspaceId) !== undefined) {
      // One that cannot be opened (damage, a key away) must not keep the service from starting, nor
      // an act on it off the record: it stands in the service's own audit then.
      const workspace = await workspaces.open(event.workspaceId).catch(() => undefined);
      if (workspace !== undefined) {
        await workspace.appendAudit(serviceAuditTable, row);
        return;
      }
    }
    const appended = await this.#journal.append(
      {
        metadata: encodeEntryMetadata({
          route: { stream: serviceAuditTable, table: serviceAuditTable, columns: [] },
          source: { kind: 'Service', id: 'strongroom' },
          shape: 'ndjson',
          rowCount: 1,
        }),
        payload: utf8(`${JSON.stringify(row)}\n`),
      },
      { reserve: true },
    );
    this.#sealer.note(appended);
  }

  checkpoint(): string | undefined {
    return this.#sealer.checkpoint?.text;
  }

  async handOver(): Promise<void> {
    await this.#ledger.handOver(noteSigners(this.#options.signer, serviceLedgerOrigin).signer);
  }

  async signNote(text: string): Promise<string> {
    return printNote(await signNote(this.#options.sha256, text, this.#ledger.signer));
  }

  get verifierKey(): string {
    return this.#ledger.verifierKey;
  }

  get handOvers(): readonly string[] {
    return this.#ledger.handOvers;
  }

  wrappedKeys(): readonly Uint8Array[] {
    return this.#journal.wrappedKeys();
  }

  async close(): Promise<void> {
    await this.#sealer.close();
    await this.#journal.close();
  }
}

/** An event as a row of `AzureActivity`, with Azure's columns. */
export function activityRow(event: AuditEvent, now: number): Record<string, unknown> {
  const { principal, operation, outcome, target, callerIp, correlationId, reason } = event;
  const known = 'anonymous' in principal ? undefined : principal;
  const caller = 'anonymous' in principal ? (principal.claimed ?? '') : principal.name;
  const status = { Started: 'Start', Succeeded: 'Success', Refused: 'Failure', Failed: 'Failure' };
  return {
    TimeGenerated: new Date(now).toISOString(),
    OperationNameValue: operation,
    OperationName: operation,
    ActivityStatusValue: status[outcome],
    ActivityStatus: outcome,
    ActivitySubstatusValue: reason ?? '',
    Level: outcome === 'Refused' || outcome === 'Failed' ? 'Warning' : 'Informational',
    Category: 'Administrative',
    CategoryValue: 'Administrative',
    Caller: caller.slice(0, 256),
    CallerIpAddress: callerIp ?? '',
    CorrelationId: correlationId ?? '',
    ResourceId: target.slice(0, 2048),
    _ResourceId: target.slice(0, 2048).toLowerCase(),
    ResourceProviderValue: operation.split('/')[0] ?? '',
    Claims_d:
      known === undefined
        ? { proved: false }
        : { oid: known.id, kind: known.kind, proof: known.proof },
    Properties_d: event.properties ?? {},
    SourceSystem: 'Strongroom',
  };
}
