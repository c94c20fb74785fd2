import type { StoredErasure } from '../catalog/records.js';

/** First line of a certificate: the ledger that signs it, and what it is. */
export const certificateOrigin = (ledger: string): string => `${ledger}/deletion`;

/** What a certificate says beside the erasure itself. */
export interface CertificateFacts {
  readonly ledger: string;
  readonly erasure: Pick<
    StoredErasure,
    'id' | 'kind' | 'workspaceId' | 'table' | 'requestedAt' | 'requestedBy'
  >;
  readonly completedAt: number;
  /** Columns and operators of a purge. */
  readonly filter?: string;
  readonly rows?: string;
  /** Records of the table that had been set aside, in `IngestionErrors`. */
  readonly rowsSetAside?: string;
  readonly arrivalDays?: readonly string[];
  readonly journalEntries?: number;
  /** Positions of the records about it in the ledger. */
  readonly records?: readonly string[];
  /** A checkpoint that covers them. */
  readonly checkpoint?: string;
  readonly keyDestroyed?: boolean;
}

/** The text that is signed: `docs/formats/deletion-certificate.md`. */
export function certificateText(facts: CertificateFacts): string {
  const { erasure, ledger, completedAt, ...rest } = facts;
  const body = {
    operation: erasure.id,
    kind: erasure.kind,
    workspace: erasure.workspaceId,
    ...(erasure.table === '' ? {} : { table: erasure.table }),
    requestedAt: new Date(erasure.requestedAt).toISOString(),
    requestedBy: erasure.requestedBy,
    completedAt: new Date(completedAt).toISOString(),
    ...rest,
  };
  return `${certificateOrigin(ledger)}\nv1\n${JSON.stringify(body)}\n`;
}
