export { limits as ledgerLimits } from './limits.js';
export type { LedgerErrorCode, LedgerProblemCode } from './errors.js';
export type { Verdict } from './verdict.js';
export {
  hashSize,
  leafHash,
  nodeHash,
  rootOf,
  inclusionProof,
  consistencyProof,
  verifyInclusion,
  verifyConsistency,
} from './merkle-tree.js';
export type { InclusionClaim, ConsistencyClaim } from './merkle-tree.js';
export { tilePath } from './tile.js';
export type { TileId } from './tile.js';
export {
  parseNote,
  printNote,
  signNote,
  verifyNote,
  parseVerifierKey,
  printVerifierKey,
} from './note.js';
export type {
  Note,
  NoteSignature,
  NoteSigner,
  VerifierKey,
  VerifiedSignature,
  VerifySignature,
} from './note.js';
export { parseCheckpoint, signCheckpoint, verifyCheckpoint } from './checkpoint.js';
export type { CheckpointBody, SignedCheckpoint, Verifier } from './checkpoint.js';
export { parseProof, printProof, verifyProof } from './proof.js';
export type { ProofText } from './proof.js';
export { makeReceipt, makeReceipts, parseReceipt, printReceipt, verifyReceipt } from './receipt.js';
export type { Receipt } from './receipt.js';
export { openLedger } from './ledger.js';
export type { Ledger, LedgerOptions, InclusionProof, ConsistencyProof } from './ledger.js';
export { verifyLedgerDirectory } from './ledger-verification.js';
export type {
  LedgerProblem,
  LedgerVerdict,
  LedgerVerificationOptions,
} from './ledger-verification.js';
export {
  decodeRow,
  entryCommitment,
  entryLeafData,
  partPath,
  partsRoot,
  rowLeaf,
  rowPath,
  shapeDigest,
} from './rows.js';
export type { EntryCommitment, RowCell, RowColumn } from './rows.js';
export {
  commitmentOfOpening,
  decodeKeptEntry,
  decodeRecordBody,
  decodeRecordHead,
  isRecord,
  openingOf,
} from './kept-record.js';
export type { EntryOpening, KeptEntry } from './kept-record.js';
export { ExpectedRows } from './expected-rows.js';
export type { ExpectedTable } from './expected-rows.js';
export { printSubjectProof, verifySubjectProof } from './row-proof.js';
export type { ProofSubject, ProvedSubject } from './row-proof.js';
export { printRowText, readRowText } from './row-text.js';
export {
  exportNames,
  exportOrigin,
  parseExportManifest,
  parseExportProofs,
  printExportManifest,
  verifyExportManifest,
  verifyExportRows,
} from './export-file.js';
export type {
  ExportEntry,
  ExportManifest,
  ExportObject,
  ExportProofs,
  ExportRecord,
} from './export-file.js';
export { verifyContinuation } from './continuation.js';
export type { Epoch } from './epoch.js';
export { signEpoch, verifyEpoch } from './epoch.js';
export {
  followHandOvers,
  parseHandOverText,
  parseHandOvers,
  printHandOverText,
  printHandOvers,
  signHandOver,
  verifyHandOver,
} from './hand-over.js';
export type { HandOver, KeyChain } from './hand-over.js';
export { tornHistory } from './history.js';
export {
  cosignatureLine,
  decideWitness,
  originOf,
  parseAddCheckpoint,
  printAddCheckpoint,
  withCosignatures,
} from './witness.js';
export type { AddCheckpoint, WitnessAnswer, WitnessedTree } from './witness.js';
