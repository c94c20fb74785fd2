/**
 * A question about the data that must be answered before the rest of a query can be bound: which
 * columns `pivot` makes, which rows `autocluster` finds. The input is narrowed by SQL, the answer is
 * bounded, and what follows is SQL again (docs/adr/0007).
 */

import { call, cast, print, type Expression as Sql, type Statement } from '@strongroom/sql';
import { problem, type Span } from './diagnostics.js';
import { answersBytesMax, inquiriesMax, inquiryBytesMax, otherStatementsMax } from './limits.js';
import { withSettings } from './lower/encode.js';
import { Lowering } from './lower/plan.js';
import type { Plan } from './plan/plan.js';
import type { Column } from './semantics/bound.js';

/** What an operator asks while it binds. */
export interface Question {
  /** Who asks, as the query names it: `pivot`. */
  readonly of: string;
  readonly span: Span;
  readonly plan: Plan;
  /** What each row of the answer holds. */
  readonly columns: readonly Column[];
  /** One row more is a problem of the query. */
  readonly rowsMax: number;
  /** Where the plan's tables lie, if not in the query's own workspace. */
  readonly workspaceId?: string;
}

/** Cells as text, in the columns' order: ticks, JSON, digits; null is null, and '' where there is none. */
export type InquiryRow = readonly (string | null)[];

/** A statement that the caller runs, read only and within the limits of the query that it is part of. */
export interface Inquiry {
  readonly of: string;
  /** Offset and length in the query's text, in UTF-16 units. */
  readonly start: number;
  readonly length: number;
  readonly workspaceId: string;
  readonly statement: Statement;
  /** Stored tables that it reads. */
  readonly tables: string[];
  /** Of the answer. */
  readonly bytesMax: number;
}

/**
 * Runs an inquiry; gives the engine's `JSONCompactEachRow` as text, or undefined where that is larger
 * than `bytesMax`.
 */
export type Ask = (inquiry: Inquiry) => Promise<string | undefined>;

/** Thrown by a question that nobody has answered yet: the caller asks, and the query is bound anew. */
export class Unanswered extends Error {
  readonly inquiry: Inquiry;

  constructor(inquiry: Inquiry) {
    super('an inquiry without an answer');
    this.inquiry = inquiry;
  }
}

/** The answers so far. Binding is deterministic, so a question comes again as the same statement. */
export class Answers {
  /** In the order in which they were asked. */
  readonly inquiries: Inquiry[] = [];
  private readonly texts = new Map<string, string | undefined>();
  private readonly read = new Map<string, readonly InquiryRow[]>();
  private bytes = 0;

  add(inquiry: Inquiry, answer: string | undefined): void {
    this.inquiries.push(inquiry);
    this.texts.set(keyOf(inquiry), answer);
    this.bytes += answer?.length ?? 0;
  }

  /** The same rows, not like ones, each time that the question comes. */
  rows(question: Question, home: string): readonly InquiryRow[] {
    const workspaceId = question.workspaceId ?? home;
    const { of, span, rowsMax } = question;
    const lowering = new Lowering();
    const query = lowering.result(question.plan, question.columns, BigInt(rowsMax) + 1n, asText);
    const statement = print(withSettings(query));
    const key = keyOf({ workspaceId, statement });
    const known = this.read.get(key);
    if (known !== undefined) return known;
    if (!this.texts.has(key)) {
      const isHome = workspaceId === home;
      const alike = this.inquiries.filter((each) => (each.workspaceId === home) === isHome);
      if (isHome && alike.length >= inquiriesMax)
        problem('KQL_LIMIT', `A query looks at the data more than ${inquiriesMax} times`, span);
      if (!isHome && alike.length >= otherStatementsMax) {
        problem(
          'KQL_LIMIT',
          `A query reads tables of other workspaces more than ${otherStatementsMax} times`,
          span,
        );
      }
      if (this.bytes > answersBytesMax)
        problem('KQL_LIMIT', `A query takes in more than ${answersBytesMax} bytes`, span);
      throw new Unanswered({
        of,
        start: span.start,
        length: span.end - span.start,
        workspaceId,
        statement,
        tables: [...lowering.tables],
        bytesMax: inquiryBytesMax,
      });
    }
    const hint = 'Filter or summarize before it.';
    const answer = this.texts.get(key);
    if (answer === undefined || answer.length > inquiryBytesMax)
      problem('KQL_LIMIT', `${of} would take in more than ${inquiryBytesMax} bytes`, span, hint);
    const rows = answer
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as InquiryRow);
    if (rows.length > rowsMax)
      problem('KQL_LIMIT', `${of} would take in more than ${rowsMax} rows`, span, hint);
    this.read.set(key, rows);
    return rows;
  }
}

function keyOf({ workspaceId, statement }: Pick<Inquiry, 'workspaceId' | 'statement'>): string {
  return JSON.stringify([workspaceId, statement.text, statement.parameters]);
}

/** A value as text that the plan node `answer` (lower/plan.ts) reads back without loss. */
function asText(value: Sql, column: Column): Sql {
  if (column.type === 'string' || column.type === 'dynamic') return value;
  return call('toString', column.type === 'bool' ? cast(value, 'Nullable(Bool)') : value);
}
