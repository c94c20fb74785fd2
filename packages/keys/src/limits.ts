/** Every limit of this package, with its reason. */
export const limits = {
  /** Bytes of a sealed box: AES-GCM allows 64 GiB, but nothing here should be held in memory beyond this. */
  sealedBytesMax: 256 * 1024 * 1024,
  /** Characters of a wrapping context. It names one thing: a path, an id. */
  contextCharactersMax: 512,
  /** Bytes of a root key file. */
  keystoreBytesMax: 16_384,
  /** Keys in one root key file: the current one and those that something is still wrapped by. */
  rootKeysMax: 32,
  /** Characters of a passphrase. */
  passphraseCharactersMin: 12,
  passphraseCharactersMax: 1_024,
  /** Bytes of a key that a remote provider wrapped, with what is around it. */
  remoteBoxBytesMax: 3_072,
  /** Time that one request to a remote provider may take. */
  remoteRequestMs: 10_000,
  /** Bytes of a remote provider's answer. */
  remoteAnswerBytesMax: 65_536,
  /** Bytes of one service key file: a 4096-bit RSA key has 2.4 KB. */
  serviceKeyBytesMax: 16_384,
  /** Characters of a service key's name, which is a file name. */
  nameCharactersMax: 64,
  /** Bytes of a generic secret. */
  secretBytesMax: 1_024,
  /** Bytes of a workspace's key record: room for 90-day rotations over a century. */
  recordBytesMax: 262_144,
  /** Keys in one record: one byte counts them. */
  recordKeysMax: 255,
  /** Characters of a certificate or request in PEM. A P-256 request has about 500. */
  pemCharactersMax: 16_384,
  /** Life of the authority. */
  authorityDays: 3_650,
  /** Life of a server certificate: browsers refuse more than 398 days. */
  serverCertificateDaysMax: 397,
  /** Life of an agent's certificate. */
  agentCertificateDaysMax: 90,
  /** A certificate is valid from this long before it is made: clocks differ. */
  backdateMs: 5 * 60_000,
  /** Names in one server certificate. */
  serverNamesMax: 100,
} as const;
