export type { ErrorBody, ErrorDetail } from './errors.js';
export { readErrorBody } from './errors.js';
export type {
  AgentConfiguration,
  AgentSummary,
  ConsistencyProofAnswer,
  EnrolRequest,
  EnrolResponse,
  EnrollmentKeySummary,
  NewEnrollmentKey,
  RenewRequest,
  RenewResponse,
} from './agents.js';
export {
  agentConfiguration,
  agentPaths,
  consistencyProofAnswer,
  enrolPath,
  enrolRequest,
  enrolResponse,
  newEnrollmentKeyRequest,
  readAgentConfiguration,
  readConsistencyProof,
  readEnrolResponse,
  readRenewResponse,
  receiptHeader,
  renewRequest,
  renewResponse,
  requestIdHeader,
} from './agents.js';
export type {
  BackupState,
  RowProofAnswer,
  ServiceStatus,
  SessionInformation,
  UserSummary,
  ValueList,
  WorkspaceStatus,
  WorkspaceSummary,
} from './portal.js';
export { csrfHeader, portalPaths } from './portal.js';
export type { ShapeResult } from './read-shape.js';
export { readShape } from './read-shape.js';
