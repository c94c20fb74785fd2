export { limits as keysLimits } from './limits.js';
export type { KeysErrorCode } from './errors.js';
export { keySize, keyIdSize, sealedOverhead, sealAead, openAead, sealedKeyId } from './aead.js';
export type { AeadKey } from './aead.js';
export { wrappableBytesMax } from './key-provider.js';
export type { KeyProvider } from './key-provider.js';
export {
  assertOutside,
  changeLocalKeystore,
  describeLocalKeystore,
  localWrappingId,
  openLocalKeystore,
  openSystemdCredential,
} from './local-keystore.js';
export type { RootKeyFile } from './root-key-file.js';
export { clientSecretCredential, openAzureKeyVault, parseKeyVaultKey } from './azure-key-vault.js';
export type { AzureKeyVaultOptions } from './azure-key-vault.js';
export { openTransit, parseTransitKey } from './transit.js';
export type { TransitOptions } from './transit.js';
export { openPkcs11 } from './pkcs11.js';
export type { Pkcs11Options } from './pkcs11.js';
export { remoteVersionOf } from './remote-provider.js';
export type { LocalKeystoreOptions } from './local-keystore.js';
export {
  createWorkspaceKeyRecord,
  destroyWorkspaceKeyRecord,
  describeWorkspaceKeyRecord,
  openWorkspaceKeys,
  pruneWorkspaceKeyRecord,
  rewrapWorkspaceKeyRecord,
  rotateWorkspaceKeyRecord,
  sealingKeysOf,
} from './workspace-keys.js';
export type {
  DataKey,
  DataKeyPurpose,
  SealingKeys,
  WorkspaceKeyFacts,
  WorkspaceKeys,
} from './workspace-keys.js';
export { openServiceKeys } from './service-keys.js';
export type { ServiceKeys, TokenKey } from './service-keys.js';
export { ed25519Signer, readEd25519PublicKey, verifyEd25519 } from './signature.js';
export type { Ed25519Signer } from './signature.js';
export { openAuthority } from './authority.js';
export type { Authority, AuthorityKey, IssuedCertificate } from './authority.js';
export { makeCsr } from './certificate-request.js';
export { agentUriOf, fingerprintOf, readAgentIdentity, spkiPin } from './certificate.js';
export type { AgentIdentity } from './certificate.js';
