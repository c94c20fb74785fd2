import { problem } from '../diagnostics.js';
import { reduceValuesMax } from '../limits.js';
import { Environment } from '../semantics/environment.js';
import { convert } from '../semantics/convert.js';
import { relation, type Relation } from '../semantics/relation.js';
import type { Expression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf } from './operator.js';
import { boundQuery } from './plugins/in-kql.js';
import { reduced } from './reduce-terms.js';

interface ReduceSyntax extends OperatorSyntax {
  readonly appends: boolean;
  readonly by: Expression;
  readonly threshold: number;
  readonly separators: string | undefined;
}

/** `T | reduce by Text with threshold=0.1, characters="-_"`: texts that are alike as one pattern. */
export const reduce = piped<ReduceSyntax>({
  names: ['reduce'],
  parse(parser, start) {
    const kind = parser.options(['kind']).get('kind');
    if (kind !== undefined && kind.value !== 'source')
      problem('SEM0019', `'${kind.value}' is not a kind of reduce`, kind.span, 'Only source is.');
    parser.expect('by');
    const by = parser.expression();
    const options = parser.accept('with')
      ? parser.options(['threshold', 'characters'])
      : new Map<string, never>();
    const given = options.get('threshold');
    const threshold = given === undefined ? 0.1 : Number(given.value);
    if (given !== undefined && !(threshold >= 0 && threshold <= 1))
      problem('SEM0101', 'The threshold is a number from 0 to 1', given.span);
    const separators = options.get('characters')?.value;
    const appends = kind !== undefined;
    return {
      operator: 'reduce',
      appends,
      by,
      threshold,
      separators,
      span: parser.spanFrom(start),
    };
  },
  bind(context, syntax, input): Relation {
    const { binder } = context;
    const { span } = syntax;
    const scope = scopeOf(context, input);
    const text = convert(binder.scalar(syntax.by, scope), 'string', syntax.by.span, binder);
    const extended = binder.extend(input, [{ name: '$text', value: text }]);
    const visible = [
      ...input.columns.map(({ column }, index) => ({ name: `C${index}`, column })),
      ...extended.columns.map((column) => ({ name: 'Text', column })),
    ];
    const environment = new Environment();
    environment.set('T', { kind: 'made', make: () => relation(extended.relation.plan, visible) });
    const call = { span, plugin: { text: 'reduce', span } };
    const counted = boundQuery(
      context,
      call,
      environment,
      'T | summarize Rows = count() by Text | sort by Text asc',
    );
    const rows = binder.options.ask({
      of: 'reduce',
      span,
      plan: counted.plan,
      columns: counted.columns.map((each) => each.column),
      rowsMax: reduceValuesMax,
    });
    const texts = rows.map((row) => row[0] ?? '');
    const { patterns, of } = reduced(
      texts,
      rows.map((row) => Number(row[1])),
      syntax,
    );
    if (!syntax.appends) {
      const columns = [
        { name: 'Pattern', column: binder.column('Pattern', 'string') },
        { name: 'Count', column: binder.column('Count', 'long', false) },
        { name: 'Representative', column: binder.column('Representative', 'string') },
      ];
      const cells = patterns.map((each) => [each.pattern, String(each.count), each.representative]);
      return relation(
        { kind: 'answer', columns: columns.map((each) => each.column), rows: cells },
        columns,
      );
    }
    const [key, pattern] = [binder.column('Text', 'string'), binder.column('Pattern', 'string')];
    const answer = {
      kind: 'answer',
      columns: [key, pattern],
      rows: texts.map((each, index) => [each, of[index] ?? '']),
    } as const;
    environment.set('Patterns', {
      kind: 'made',
      make: () =>
        relation(answer, [
          { name: 'Text', column: key },
          { name: 'Pattern', column: pattern },
        ]),
    });
    const kept = [...input.columns.map((_, index) => `C${index}`), 'Pattern'].join(', ');
    const made = boundQuery(
      context,
      call,
      environment,
      `T | join kind=leftouter Patterns on Text | project ${kept}`,
    );
    return relation(
      made.plan,
      made.columns.map((each, index) => ({
        ...each,
        name: input.columns[index]?.name ?? 'Pattern',
      })),
    );
  },
});
