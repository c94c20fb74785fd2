import type { Clock } from '@strongroom/base';
import { limits } from './limits.js';
import type { Machine } from './machine.js';

/** What can go wrong with data on its way; each is told to the workspace. */
export type HealthKind =
  | 'rows dropped'
  | 'rows refused'
  | 'lines cut'
  | 'bytes lost'
  | 'history skipped'
  | 'files unreadable'
  | 'files not followed'
  | 'journal entries unreadable'
  | 'service restored';

interface Report {
  readonly kind: HealthKind;
  readonly about: string;
  readonly reason: string;
  count: number;
}

/**
 * Gathers what was lost, cut or refused, until it leaves as rows of the `Operation` table.
 *
 * Reports of one kind about one thing are added up, so that a flood of trouble is not a flood of rows.
 */
export class Health {
  readonly #reports = new Map<string, Report>();
  readonly #said = new Set<string>();
  /** Totals since the start, for the status. */
  readonly totals: Partial<Record<HealthKind, number>> = {};

  /** Reports `count` of something; `about` names the stream or file. */
  report(kind: HealthKind, about: string, reason: string, count = 1): void {
    this.totals[kind] = (this.totals[kind] ?? 0) + count;
    const full = this.#reports.size >= limits.healthReportsMax;
    const known = `${kind}\n${about}\n${reason}`;
    const key = full && !this.#reports.has(known) ? `${kind}\n(others)\n` : known;
    const report = this.#reports.get(key);
    if (report !== undefined) report.count += count;
    else {
      const other = key !== known;
      this.#reports.set(key, {
        kind,
        about: other ? '(others)' : about,
        reason: other ? '' : reason,
        count,
      });
    }
  }

  /** Reports a lasting condition once in the agent's life. */
  reportOnce(kind: HealthKind, about: string, reason: string, count = 1): void {
    const key = `${kind}\n${about}\n${reason}`;
    if (this.#said.has(key) || this.#said.size > limits.filesMax) return;
    this.#said.add(key);
    this.report(kind, about, reason, count);
  }

  /** Rows of the `Operation` table for what was reported since the last call. */
  takeRows(machine: Machine, agentId: string, clock: Clock): string[] {
    const rows = [...this.#reports.values()].map((report) =>
      JSON.stringify({
        TimeGenerated: new Date(clock.now()).toISOString(),
        Computer: machine.computer,
        Solution: 'Agent',
        OperationCategory: 'Data Collection Health',
        OperationKey: report.kind,
        OperationStatus: report.kind === 'history skipped' ? 'Information' : 'Warning',
        Detail: `${report.count} ${report.kind}: ${report.about}${report.reason === '' ? '' : ` (${report.reason})`}`,
        SourceComputerId: agentId,
        SourceSystem: 'Linux',
      }),
    );
    this.#reports.clear();
    return rows;
  }
}
