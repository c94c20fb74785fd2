import { join } from 'node:path';
import { agentPaths, readAgentConfiguration } from '@strongroom/api';
import type { AgentConfiguration } from '@strongroom/api';
import { fromUtf8, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { jsonOf, refusalOf } from './client.js';
import type { Answer, NoAnswer, ServiceClient } from './client.js';
import { parseGlob } from './collectors/glob.js';
import { readSealedFile, writeSealedFile } from './sealed-file.js';
import type { AgentState } from './state.js';

const fileName = 'configuration';
const context = 'configuration';

/** Intervals outside these seconds are taken to the nearer end. */
const intervalSecondsMin = 1;
const intervalSecondsMax = 24 * 60 * 60;

/** An interval of the configuration in milliseconds, within bounds. */
export function intervalMs(seconds: number): number {
  const sound = Number.isFinite(seconds) ? seconds : intervalSecondsMax;
  return Math.min(intervalSecondsMax, Math.max(intervalSecondsMin, sound)) * 1000;
}

/** Reads a configuration strictly: a wrong pattern refuses the whole of it. `undefined` where wrong. */
export function parseConfiguration(value: unknown): AgentConfiguration | undefined {
  const parsed = readAgentConfiguration(value);
  if (parsed === undefined) return undefined;
  const patterns = [
    ...(parsed.syslog?.files ?? []),
    ...(parsed.textFiles ?? []).flatMap((one) => one.patterns),
  ];
  try {
    for (const pattern of patterns) parseGlob(pattern);
  } catch {
    return undefined;
  }
  return parsed;
}

/** Keeps the configuration, sealed, for starts without the service. */
export async function storeConfiguration(
  fs: Fs,
  state: AgentState,
  configuration: AgentConfiguration,
): Promise<void> {
  const plain = utf8(JSON.stringify(configuration));
  await writeSealedFile(fs, state.sealer, join(state.directory, fileName), context, plain);
}

/** The configuration kept last; `undefined` where there is none. */
export async function readConfiguration(
  fs: Fs,
  state: AgentState,
): Promise<AgentConfiguration | undefined> {
  const plain = await readSealedFile(fs, state.sealer, join(state.directory, fileName), context);
  return plain === undefined ? undefined : parseConfiguration(JSON.parse(fromUtf8(plain)));
}

/** What asking for the configuration gave. */
export type ConfigurationAnswer =
  | { readonly kind: 'new'; readonly configuration: AgentConfiguration }
  | { readonly kind: 'same' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** True where the service does not take us as who we are. */
export const identityRefused = (answer: Answer | NoAnswer): boolean =>
  answer.arrived ? answer.status === 401 || answer.status === 403 : answer.identityRefused;

/** What an answer says went wrong. */
export const reasonOf = (answer: Answer | NoAnswer): string =>
  answer.arrived ? refusalOf(answer) : answer.reason;

/** Asks the service for the configuration. */
export async function fetchConfiguration(
  client: ServiceClient,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<ConfigurationAnswer> {
  const answer = await client.send({
    method: 'GET',
    path: agentPaths.configuration,
    signal,
    ...(etag === undefined || !/^[\x21\x23-\x7e]{1,256}$/.test(etag)
      ? {}
      : { headers: { 'if-none-match': `"${etag}"` } }),
  });
  if (identityRefused(answer)) return { kind: 'refused', reason: reasonOf(answer) };
  if (!answer.arrived) return { kind: 'failed', reason: answer.reason };
  if (answer.status === 304) return { kind: 'same' };
  if (answer.status !== 200) return { kind: 'failed', reason: reasonOf(answer) };
  let configuration: AgentConfiguration | undefined;
  try {
    configuration = parseConfiguration(jsonOf(answer));
  } catch {
    // Said below.
  }
  if (configuration === undefined) {
    return { kind: 'failed', reason: 'the configuration cannot be read' };
  }
  return configuration.etag === etag ? { kind: 'same' } : { kind: 'new', configuration };
}
