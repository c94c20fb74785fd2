import { StrongroomError } from '@strongroom/base';

/** What this package throws. */
export type LedgerErrorCode =
  /** A different leaf already stands at this index: the ledger stops. */
  | 'LEDGER_FORK'
  /** Leaves were appended beyond the next index. */
  | 'LEDGER_GAP'
  /** Too many leaves wait for a seal. */
  | 'LEDGER_UNSEALED_FULL'
  /** The ledger was closed. */
  | 'LEDGER_CLOSED'
  /** A commitment is not 32 bytes. */
  | 'LEDGER_BAD_COMMITMENT'
  /** An origin or key name is empty, too long, or has characters that would be ambiguous. */
  | 'LEDGER_BAD_NAME'
  /** An index or size lies beyond the tree. */
  | 'LEDGER_OUT_OF_RANGE'
  /** A tile is missing, torn, or does not hash to what its parent says. */
  | 'LEDGER_TILE_DAMAGED'
  /** The checkpoint on disk is not one that this ledger's keys signed. */
  | 'LEDGER_CHECKPOINT_INVALID'
  /** A text is not a canonical signed note. */
  | 'LEDGER_NOTE_MALFORMED'
  /** A text is not a canonical verifier key. */
  | 'LEDGER_KEY_MALFORMED'
  /** A note's text is not a checkpoint. */
  | 'LEDGER_CHECKPOINT_MALFORMED'
  /** A text is not a canonical proof. */
  | 'LEDGER_PROOF_MALFORMED'
  /** The private half of the key that signs this ledger is not here. */
  | 'LEDGER_KEY_MISSING'
  /** A record cannot be read. */
  | 'LEDGER_RECORD_MALFORMED'
  /** A text is not a canonical receipt. */
  | 'LEDGER_RECEIPT_MALFORMED';

/** What a verdict may find wrong. Codes are API: they are never reworded. */
export type LedgerProblemCode =
  | LedgerErrorCode
  /** No signature by a trusted key. */
  | 'LEDGER_UNSIGNED'
  /** A signature that claims a trusted key does not verify. */
  | 'LEDGER_SIGNATURE_WRONG'
  /** A key was used after it was replaced. */
  | 'LEDGER_KEY_RETIRED'
  /** A hand-over of keys is forged, out of order, or by an unknown key. */
  | 'LEDGER_HANDOVER_WRONG'
  /** The origin is another ledger's. */
  | 'LEDGER_ORIGIN_DIFFERS'
  /** The checkpoint carries no signed time. */
  | 'LEDGER_TIME_MISSING'
  /** A Merkle path does not lead to the root. */
  | 'LEDGER_PROOF_WRONG'
  /** The checkpoint file is missing. */
  | 'LEDGER_CHECKPOINT_MISSING'
  /** The recomputed root is not the signed one. */
  | 'LEDGER_ROOT_DIFFERS'
  /** The tree is smaller than an earlier checkpoint that someone holds. */
  | 'LEDGER_ROLLED_BACK'
  /** The tree does not continue an earlier checkpoint that someone holds. */
  | 'LEDGER_HISTORY_DIFFERS'
  /** A receipt's commitment is not the leaf at its position. */
  | 'LEDGER_RECEIPT_BROKEN'
  /** An entry of the journal, or a kept record, is not the leaf at its position. */
  | 'LEDGER_ENTRY_DIFFERS'
  /** A file could not be read. */
  | 'LEDGER_UNREADABLE';

/** An error of this package. */
export function ledgerError(
  code: LedgerErrorCode,
  message: string,
  cause?: unknown,
): StrongroomError<LedgerErrorCode> {
  return new StrongroomError(code, message, { cause });
}
