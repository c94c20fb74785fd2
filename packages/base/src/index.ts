export { StrongroomError, InvariantError, invariant, unreachable, hasCode } from './errors.js';
export type { Brand } from './brand.js';
export type { WorkspaceId, AgentId, PrincipalId, JournalSequence } from './ids.js';
export { isGuid, workspaceId, agentId, principalId, journalSequence } from './ids.js';
export {
  utf8,
  fromUtf8,
  concatBytes,
  equalBytes,
  toHex,
  fromHex,
  toBase64,
  fromBase64,
} from './bytes.js';
export type { Clock, AbortSignalLike, Random, Fs, FsFile, FsStat, Sha256 } from './ports.js';
export { FsError, isNotFound } from './ports.js';
