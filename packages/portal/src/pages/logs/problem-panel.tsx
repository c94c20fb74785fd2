import type { Problem } from '../../logic/problems.js';
import { excerptOf } from '../../logic/problems.js';
import { Icon } from '../../parts/icon.js';

interface ProblemPanelProps {
  readonly problems: readonly Problem[];
  /** The query that was sent. */
  readonly query: string;
  readonly correlationId: string | undefined;
  readonly onReveal: (problem: Problem) => void;
}

/** What is wrong with a query: each error with its line, the place marked, and what to do. */
export function ProblemPanel({ problems, query, correlationId, onReveal }: ProblemPanelProps) {
  return (
    <section className="problems" role="alert" aria-label="Query errors">
      {problems.map((problem, at) => {
        const excerpt = problem.place ? excerptOf(query, problem.place) : undefined;
        return (
          <article key={at} className="problem">
            <Icon name="alert" size={18} />
            <div className="problem-text">
              <h3>{problem.message}</h3>
              {problem.hint !== undefined && <p className="problem-hint">{problem.hint}</p>}
              {excerpt && (
                <button
                  type="button"
                  className="problem-place"
                  title="Show in the query"
                  onClick={() => onReveal(problem)}
                >
                  <span className="problem-line">
                    {excerpt.line}:{excerpt.column}
                  </span>
                  <code>
                    {excerpt.before}
                    <mark>{excerpt.at || ' '}</mark>
                    {excerpt.after}
                  </code>
                </button>
              )}
              <p className="problem-code">
                {problem.code}
                {correlationId !== undefined && at === 0 ? ` · request ${correlationId}` : ''}
              </p>
            </div>
          </article>
        );
      })}
    </section>
  );
}
