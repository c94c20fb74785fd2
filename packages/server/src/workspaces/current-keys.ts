import type { WorkspaceId } from '@strongroom/base';
import type { DataKey, DataKeyPurpose, WorkspaceKeys } from '@strongroom/keys';

/** A workspace's keys as they are now: a rotation exchanges them under those who use them. */
export class CurrentKeys implements WorkspaceKeys {
  #keys: WorkspaceKeys;

  constructor(keys: WorkspaceKeys) {
    this.#keys = keys;
  }

  get workspaceId(): WorkspaceId {
    return this.#keys.workspaceId;
  }

  get currentKeyId(): string {
    return this.#keys.currentKeyId;
  }

  /** From now on these; those before are wiped. */
  exchange(keys: WorkspaceKeys): void {
    const before = this.#keys;
    this.#keys = keys;
    before.close();
  }

  createDataKey(purpose: DataKeyPurpose, context: string): DataKey {
    return this.#keys.createDataKey(purpose, context);
  }

  unwrapDataKey(purpose: DataKeyPurpose, wrapped: Uint8Array, context: string): DataKey {
    return this.#keys.unwrapDataKey(purpose, wrapped, context);
  }

  rewrapDataKey(
    purpose: DataKeyPurpose,
    wrapped: Uint8Array,
    context: string,
  ): Uint8Array<ArrayBuffer> {
    return this.#keys.rewrapDataKey(purpose, wrapped, context);
  }

  wrappingKeyId(wrapped: Uint8Array): string {
    return this.#keys.wrappingKeyId(wrapped);
  }

  close(): void {
    this.#keys.close();
  }
}
