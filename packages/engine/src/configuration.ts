/** ClickHouse's configuration for one engine directory. No key is in it. */

import { join } from 'node:path';
import type { EngineLimits } from './limits.js';

/** The environment names that keys are read from while the engine opens. */
export const keyName = (id: number): string => `STRONGROOM_ENGINE_KEY_${id}`;

export interface ConfigurationOptions {
  readonly directory: string;
  readonly keyIds: readonly number[];
  readonly currentKeyId: number;
  readonly keySize: number;
  readonly limits: EngineLimits;
}

const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (each) => `&#${each.codePointAt(0)};`);

/** Two volumes, each an encrypted disk over a directory; small pools and caches; nothing logged. */
export function engineConfiguration(options: ConfigurationOptions): string {
  const { directory, keyIds, currentKeyId, keySize, limits } = options;
  const disk = (name: string): string => `
      <${name}_files><type>local</type><path>${escapeXml(join(directory, name))}/</path></${name}_files>
      <${name}>
        <type>encrypted</type>
        <disk>${name}_files</disk>
        <algorithm>${keySize === 16 ? 'AES_128_CTR' : 'AES_256_CTR'}</algorithm>
        ${keyIds.map((id) => `<key_hex id="${id}" from_env="${keyName(id)}"/>`).join('')}
        <current_key_id>${currentKeyId}</current_key_id>
      </${name}>`;
  const values = (of: Readonly<Record<string, number | string>>): string =>
    Object.entries(of)
      .map(([name, value]) => `\n  <${name}>${value}</${name}>`)
      .join('');
  return `<clickhouse>
  <storage_configuration>
    <disks>${disk('hot')}${disk('cold')}
    </disks>
    <policies>
      <tiered>
        <volumes><hot><disk>hot</disk></hot><cold><disk>cold</disk></cold></volumes>
        <move_factor>0</move_factor>
      </tiered>
    </policies>
  </storage_configuration>${values({
    max_server_memory_usage: limits.serverMemoryBytes,
    // Nothing may be spilled: temporary files are not encrypted.
    max_temporary_data_on_disk_size: 1,
    mark_cache_size: 32 * mib,
    index_mark_cache_size: 8 * mib,
    primary_index_cache_size: 32 * mib,
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    mmap_cache_size: 0,
    query_condition_cache_size: 8 * mib,
    compiled_expression_cache_size: 8 * mib,
    text_index_tokens_cache_size: 16 * mib,
    text_index_header_cache_size: 16 * mib,
    text_index_postings_cache_size: 32 * mib,
    background_pool_size: 2,
    // Inserts and queries go first; merges make up for it when it is quiet.
    os_threads_nice_value_merge_mutate: 5,
    background_merges_mutations_concurrency_ratio: 1,
    background_move_pool_size: 1,
    background_fetches_pool_size: 1,
    background_common_pool_size: 1,
    background_schedule_pool_size: 2,
    background_buffer_flush_schedule_pool_size: 1,
    background_message_broker_schedule_pool_size: 1,
    background_distributed_schedule_pool_size: 1,
  })}
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>0</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>0</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>0</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <logger><level>none</level></logger>
</clickhouse>
`;
}

const mib = 1024 * 1024;
