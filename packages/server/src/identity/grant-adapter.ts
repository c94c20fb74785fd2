import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import type { Clock } from '@strongroom/base';
import type { GrantStore } from '../catalog/open-catalog.js';
import { identityLimits } from './limits.js';

/** What outlives a restart: grants and refresh tokens of the command-line client. */
const durableKinds: ReadonlySet<string> = new Set(['Grant', 'RefreshToken']);

/**
 * Where `oidc-provider` keeps its records. Those that a stranger can cause (interactions, codes,
 * sessions) stay in bounded memory; only what a signed-in person has brings a durable write.
 */
export function createGrantAdapter(options: { grants: GrantStore; clock: Clock }): AdapterFactory {
  const memory = new MemoryRecords(options.clock);
  let cleanedAt = Number.NEGATIVE_INFINITY;
  const clean = async (): Promise<void> => {
    if (options.clock.monotonicMs() - cleanedAt < 3_600_000) return;
    cleanedAt = options.clock.monotonicMs();
    await options.grants.removeExpired(options.clock.now());
  };
  return (kind) =>
    durableKinds.has(kind)
      ? durableAdapter(kind, { ...options, clean })
      : memoryAdapter(kind, memory);
}

function durableAdapter(
  kind: string,
  { grants, clock, clean }: { grants: GrantStore; clock: Clock; clean: () => Promise<void> },
): Adapter {
  const read = async (
    by: Parameters<GrantStore['find']>[0],
  ): Promise<AdapterPayload | undefined> => {
    const record = await grants.find(by);
    if (record === undefined) return undefined;
    if (record.expiresAt !== undefined && record.expiresAt <= clock.now()) return undefined;
    const payload = JSON.parse(record.payload) as AdapterPayload;
    return record.consumedAt === undefined
      ? payload
      : { ...payload, consumed: Math.floor(record.consumedAt / 1000) };
  };
  return {
    upsert: async (id, payload, expiresIn) => {
      await clean();
      await grants.put({
        kind,
        id,
        payload: JSON.stringify(payload),
        expiresAt: expiresIn === undefined ? undefined : clock.now() + expiresIn * 1000,
        grantId: kind === 'Grant' ? id : payload.grantId,
        userCode: payload.userCode,
        uid: payload.uid,
        consumedAt: undefined,
      });
    },
    find: (id) => read({ kind, id }),
    findByUid: (uid) => read({ kind, uid }),
    findByUserCode: (userCode) => read({ kind, userCode }),
    consume: (id) => grants.consume({ kind, id, at: clock.now() }),
    destroy: (id) => grants.remove({ kind, id }),
    revokeByGrantId: (grantId) => grants.removeGrant(grantId),
  };
}

interface MemoryRecord {
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

/** Records by kind and id, the oldest forgotten first. */
class MemoryRecords {
  readonly #records = new Map<string, MemoryRecord>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  put(key: string, payload: AdapterPayload, expiresInSeconds: number): void {
    this.#records.delete(key);
    this.#records.set(key, {
      payload,
      expiresAt: this.#clock.monotonicMs() + expiresInSeconds * 1000,
    });
    if (this.#records.size <= identityLimits.signInsMax) return;
    const oldest = this.#records.keys().next();
    if (oldest.done !== true) this.#records.delete(oldest.value);
  }

  get(key: string): AdapterPayload | undefined {
    const record = this.#records.get(key);
    if (record === undefined) return undefined;
    if (record.expiresAt > this.#clock.monotonicMs()) return record.payload;
    this.#records.delete(key);
    return undefined;
  }

  delete(key: string): void {
    this.#records.delete(key);
  }

  find(prefix: string, chosen: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const key of this.#records.keys()) {
      if (!key.startsWith(prefix)) continue;
      const payload = this.get(key);
      if (payload !== undefined && chosen(payload)) return payload;
    }
    return undefined;
  }

  deleteWhere(chosen: (payload: AdapterPayload) => boolean): void {
    for (const [key, { payload }] of this.#records) if (chosen(payload)) this.#records.delete(key);
  }
}

function memoryAdapter(kind: string, records: MemoryRecords): Adapter {
  const prefix = `${kind} `;
  return {
    upsert: async (id, payload, expiresIn) =>
      records.put(prefix + id, payload, expiresIn ?? identityLimits.signInLifetimeMs / 1000),
    find: async (id) => records.get(prefix + id),
    findByUid: async (uid) => records.find(prefix, (payload) => payload.uid === uid),
    findByUserCode: async (code) => records.find(prefix, (payload) => payload.userCode === code),
    consume: async (id) => {
      const payload = records.get(prefix + id);
      if (payload !== undefined) payload['consumed'] = records.seconds();
    },
    destroy: async (id) => records.delete(prefix + id),
    revokeByGrantId: async (grantId) =>
      records.deleteWhere((payload) => payload.grantId === grantId),
  };
}
