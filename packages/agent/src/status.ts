import { join } from 'node:path';
import { fromUtf8, isNotFound, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { agentError } from './errors.js';
import type { HealthKind } from './health.js';
import { holderOf } from './lock.js';
import type { ShippingState } from './shipper.js';
import type { SpoolStatus } from './spool.js';
import { isEnrolled } from './state.js';
import type { System } from './system.js';

const fileName = 'status.json';

/** What an agent says of itself. Holds no secret and no collected data. */
export interface AgentStatus {
  readonly agentId: string;
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly agentEndpoint: string;
  readonly computer: string;
  readonly version: string;
  /** ISO 8601. */
  readonly certificateNotAfter: string;
  /** Empty while renewal is not due or went well. */
  readonly renewalProblem: string;
  readonly configurationEtag: string;
  readonly shipping: { readonly state: ShippingState; readonly reason: string };
  /** ISO 8601; `null` before the first acknowledgement. */
  readonly lastSent: string | null;
  readonly sentBytes: number;
  readonly filesFollowed: number;
  /** Leaves in the newest checkpoint seen, decimal; `null` before the first. */
  readonly checkpointSize: string | null;
  readonly spool: SpoolStatus;
  /** What went wrong with data since the start, by kind. */
  readonly health: Readonly<Partial<Record<HealthKind, number>>>;
  /** Resident memory, bytes. */
  readonly memoryBytes: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601: when this was written. */
  readonly updatedAt: string;
}

/** Writes the status; not synced, since it only says how things are now. */
export async function writeStatus(fs: Fs, directory: string, status: AgentStatus): Promise<void> {
  const path = join(directory, fileName);
  const fresh = `${path}.new`;
  await fs.remove(fresh).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  const file = await fs.open(fresh, 'create', 0o600);
  try {
    await file.write(0, utf8(`${JSON.stringify(status, undefined, 2)}\n`));
  } finally {
    await file.close();
  }
  await fs.rename(fresh, path);
}

/** The status of an agent that may or may not be running. */
export interface ReadStatus {
  readonly running: boolean;
  /** The process, where it runs. */
  readonly pid: number | null;
  /** What it said last; `null` where it has never run. */
  readonly status: AgentStatus | null;
}

/** Reads an agent's status. Needs no key. Throws `AGENT_NOT_ENROLLED`. */
export async function readStatus(fs: Fs, system: System, directory: string): Promise<ReadStatus> {
  if (!(await isEnrolled(fs, directory))) {
    throw agentError('AGENT_NOT_ENROLLED', `No agent is enrolled in ${directory}.`);
  }
  const pid = await holderOf(fs, system, directory);
  let status: AgentStatus | null = null;
  try {
    status = JSON.parse(fromUtf8(await fs.readFile(join(directory, fileName)))) as AgentStatus;
  } catch {
    // It has never run, or is writing its first.
  }
  return { running: pid !== undefined, pid: pid ?? null, status };
}

/** The status for a person. */
export function printStatus({ running, pid, status }: ReadStatus): string {
  if (status === null) return running ? `running (process ${pid})` : 'enrolled, never run';
  const { spool } = status;
  const waiting = spool.waiting.state + spool.waiting.performance + spool.waiting.logs;
  const lines: [string, string][] = [
    ['agent', `${status.agentId} on ${status.computer}, version ${status.version}`],
    ['workspace', `${status.workspaceName} (${status.workspaceId})`],
    ['service', status.agentEndpoint],
    ['state', running ? `running (process ${pid})` : 'stopped'],
    [
      'shipping',
      status.shipping.reason === ''
        ? status.shipping.state
        : `${status.shipping.state}: ${status.shipping.reason}`,
    ],
    ['last sent', status.lastSent ?? 'never'],
    [
      'spool',
      `${waiting} batches, ${Math.ceil(spool.bytes / 1048576)} of ${Math.floor(spool.bytesMax / 1048576)} MiB${spool.full ? ', full: reading waits' : ''}`,
    ],
    [
      'certificate',
      `until ${status.certificateNotAfter}${status.renewalProblem === '' ? '' : `, renewal failed: ${status.renewalProblem}`}`,
    ],
    ['ledger seen', status.checkpointSize === null ? 'none' : `${status.checkpointSize} entries`],
    ['files', String(status.filesFollowed)],
  ];
  const text = lines.map(([name, value]) => `${name.padEnd(12)} ${value}`);
  const streams = Object.entries(spool.streams);
  if (streams.length > 0) {
    const width = Math.max(6, ...streams.map(([name]) => name.length));
    const row = (name: string, cells: readonly (string | number)[]): string =>
      `${name.padEnd(width)} ${cells.map((cell) => String(cell).padStart(11)).join('')}`;
    text.push('', row('stream', ['collected', 'sent', 'refused', 'dropped']));
    for (const [name, totals] of streams) {
      text.push(row(name, [totals.collected, totals.sent, totals.refused, totals.dropped]));
    }
  }
  for (const [kind, count] of Object.entries(status.health)) text.push(`${count} ${kind}`);
  return text.join('\n');
}
