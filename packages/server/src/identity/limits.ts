/** Limits of who may try what, how often and for how long. Times in ms unless named otherwise. */
export const identityLimits = {
  /** Lifetime of an access token, as Azure's. */
  tokenLifetimeSeconds: 3_599,
  /** Difference of clocks that is tolerated in tokens and assertions. */
  clockToleranceSeconds: 60,
  /** Longest accepted lifetime of a client assertion (MSAL makes them for 600 s). */
  assertionLifetimeSecondsMax: 3_600,
  /** Longest `scope` and client id that are looked at: ours are an origin or a URN, and a GUID. */
  scopeCharsMax: 512,
  clientIdCharsMax: 64,
  /** Longest bearer token that is looked at. */
  tokenCharsMax: 8_192,
  /** Tokens whose signature is known to be good. */
  verifiedTokensMax: 10_000,
  /** Failed secrets of one client from one address before it has to wait. */
  secretFailuresFree: 10,
  /** Failed passwords of one user from one address before waits begin. */
  passwordFailuresFree: 3,
  /** Failed passwords of one user from one address before the lockout. */
  passwordFailuresMax: 10,
  /** Failed sign-ins from one address, whatever the user name, before the lockout. */
  addressFailuresMax: 100,
  /** The first wait; it doubles with each further failure. */
  waitMs: 1_000,
  waitMsMax: 30_000,
  lockoutMs: 15 * 60_000,
  /** Failures are forgotten after this long without one. */
  failureMemoryMs: 60 * 60_000,
  /** Counters kept at once; the oldest go first. */
  throttleEntriesMax: 100_000,
  /** Passwords hashed at the same time (19 MiB each), and waiting for their turn. */
  passwordHashesAtOnce: 2,
  passwordHashesWaiting: 32,
  passwordCharsMin: 12,
  passwordCharsMax: 256,
  /** A session ends after this long whatever happens. */
  sessionLifetimeMs: 12 * 60 * 60_000,
  sessionsMax: 10_000,
  sessionsPerUserMax: 50,
  /** From the start of a sign-in to its end. */
  signInLifetimeMs: 10 * 60_000,
  signInsMax: 10_000,
  /** Origins that a provider is kept for. */
  originsMax: 16,
} as const;
