import * as v from 'valibot';

/**
 * The agents' protocol.
 *
 * Enrolment happens once on the public listener: an enrolment key and a certificate request go in,
 * a client certificate comes out. Everything after it happens on the agents' own listener, over
 * mutual TLS, where the certificate alone says which agent and which workspace speaks.
 */

/** Paths on the public listener. */
export const enrolPath = '/agents/v1/enroll';
/** Paths on the agents' listener (mutual TLS). */
export const agentPaths = {
  /** `GET` → {@link AgentConfiguration}. */
  configuration: '/agents/v1/configuration',
  /** `POST` {@link RenewRequest} → {@link RenewResponse}. */
  renew: '/agents/v1/renew',
  /** `GET` → the newest checkpoint of the agent's workspace, a C2SP signed note as text. */
  checkpoint: '/agents/v1/checkpoint',
  /** `GET ?from=SIZE` → {@link ConsistencyProofAnswer}: that the ledger continues what was seen. */
  consistency: '/agents/v1/consistency',
  /** `GET` → the newest epoch statement, a signed note as text; 404 where there was no restore. */
  epoch: '/agents/v1/epoch',
  /**
   * `GET` → every hand-over of the ledger's signing key, oldest first, as the ledger's file has them
   * (docs/formats/ledger.md); 404 where there was none.
   */
  handOvers: '/agents/v1/handovers',
  /**
   * `POST` rows of one stream: `content-type: application/x-ndjson` (one JSON object a line) or
   * `application/json` (an array), `content-encoding: gzip` or none. `204` when they are durable,
   * with {@link receiptHeader}. `x-ms-client-request-id` is the same on every retry.
   */
  stream: (stream: string): string => `/agents/v1/streams/${encodeURIComponent(stream)}`,
} as const;

/** Carries the signed receipt of a 204. */
export const receiptHeader = 'x-strongroom-receipt';
/** The same on every retry of one request; with the body's hash it recognises a retry. */
export const requestIdHeader = 'x-ms-client-request-id';

const pem = v.pipe(v.string(), v.maxLength(16_384));

/** What an agent sends to become one. */
export const enrolRequest = v.object({
  enrollmentKey: v.pipe(v.string(), v.maxLength(256)),
  /** PKCS#10 request, PEM; only its public key and its signature count. */
  csr: pem,
  computer: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  osType: v.optional(v.pipe(v.string(), v.maxLength(64)), 'Linux'),
  version: v.pipe(v.string(), v.maxLength(64)),
});
export type EnrolRequest = v.InferInput<typeof enrolRequest>;

/** What an agent collects. Every part may be absent: then it is not collected. */
export const agentConfiguration = v.object({
  /** Changes whenever anything below does. */
  etag: v.string(),
  syslog: v.optional(
    v.object({ stream: v.string(), files: v.array(v.string()), journald: v.boolean() }),
  ),
  textFiles: v.optional(v.array(v.object({ stream: v.string(), patterns: v.array(v.string()) }))),
  performance: v.optional(v.object({ stream: v.string(), intervalSeconds: v.number() })),
  heartbeat: v.optional(v.object({ stream: v.string(), intervalSeconds: v.number() })),
  inventory: v.optional(v.object({ stream: v.string(), intervalSeconds: v.number() })),
});
export type AgentConfiguration = v.InferOutput<typeof agentConfiguration>;

export const enrolResponse = v.object({
  agentId: v.string(),
  workspaceId: v.string(),
  workspaceName: v.string(),
  /** The client certificate, PEM. */
  certificate: pem,
  /** The authority's certificate, PEM; the agent checks it against the pin it was given. */
  authority: pem,
  /** `https://host:port` of the agents' listener. */
  agentEndpoint: v.string(),
  /** Of the workspace's ledger (c2sp.org/signed-note): what its checkpoints are verified with. */
  verifierKey: v.optional(
    v.pipe(v.string(), v.maxLength(1024), v.regex(/^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/)),
  ),
  configuration: agentConfiguration,
});
export type EnrolResponse = v.InferOutput<typeof enrolResponse>;

export const renewRequest = v.object({ csr: pem });
export type RenewRequest = v.InferInput<typeof renewRequest>;
export const renewResponse = v.object({ certificate: pem, authority: pem });
export type RenewResponse = v.InferOutput<typeof renewResponse>;

/** An agent as the portal and the CLI list it. */
export interface AgentSummary {
  readonly agentId: string;
  readonly computer: string;
  readonly osType: string;
  readonly version: string;
  /** ISO 8601. */
  readonly enrolledAt: string;
  readonly certificateNotAfter: string;
  /** When the agent last spoke to the service; `null` before it first did. */
  readonly lastHeartbeat: string | null;
  readonly state: 'Active' | 'Revoked';
}

/** An enrolment key as it is listed: never the key itself. */
export interface EnrollmentKeySummary {
  readonly keyId: string;
  readonly description: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Enrolments left; `null` without a limit. */
  readonly usesLeft: number | null;
  readonly state: 'Active' | 'Expired' | 'Revoked' | 'UsedUp';
}

/** A new enrolment key: the only time the key is shown. */
export interface NewEnrollmentKey {
  readonly keyId: string;
  readonly key: string;
  readonly expiresAt: string;
  /** The line to run on the machine that is to be enrolled. */
  readonly command: string;
}

export const newEnrollmentKeyRequest = v.object({
  description: v.optional(v.pipe(v.string(), v.maxLength(256)), ''),
  expiresInHours: v.optional(v.pipe(v.number(), v.minValue(1 / 60), v.maxValue(24 * 365)), 24),
  usesMax: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1)))),
});

const readOr = <Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> | undefined => {
  const parsed = v.safeParse(schema, value);
  return parsed.success ? parsed.output : undefined;
};

/** Reads the service's answers, as an agent does; `undefined` for any other form. */
export const readEnrolResponse = (value: unknown): EnrolResponse | undefined =>
  readOr(enrolResponse, value);
export const readRenewResponse = (value: unknown): RenewResponse | undefined =>
  readOr(renewResponse, value);
export const readAgentConfiguration = (value: unknown): AgentConfiguration | undefined =>
  readOr(agentConfiguration, value);

/** That the newest tree continues one of `oldSize` leaves (RFC 6962 §2.1.2). */
export const consistencyProofAnswer = v.object({
  /** Decimal. */
  oldSize: v.pipe(v.string(), v.regex(/^\d{1,19}$/)),
  size: v.pipe(v.string(), v.regex(/^\d{1,19}$/)),
  /** Base64 of 32 bytes each. */
  hashes: v.pipe(v.array(v.pipe(v.string(), v.length(44))), v.maxLength(65)),
  /** The checkpoint of the newest tree, a C2SP signed note. */
  checkpoint: v.pipe(v.string(), v.maxLength(262_144)),
});
export type ConsistencyProofAnswer = v.InferOutput<typeof consistencyProofAnswer>;
export const readConsistencyProof = (value: unknown): ConsistencyProofAnswer | undefined =>
  readOr(consistencyProofAnswer, value);
