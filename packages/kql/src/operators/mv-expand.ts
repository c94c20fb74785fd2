import type { ScalarType } from '@strongroom/sql';
import { problem } from '../diagnostics.js';
import type { Column } from '../semantics/bound.js';
import { convert } from '../semantics/convert.js';
import type { VisibleColumn } from '../semantics/relation.js';
import type { Expression, NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import { piped, scopeOf } from './operator.js';

interface ExpandSyntax extends OperatorSyntax {
  readonly items: readonly {
    readonly expression: NamedExpression;
    readonly type: ScalarType | undefined;
  }[];
  readonly index: string | undefined;
  readonly bagsAsPairs: boolean;
  readonly limit: Expression | undefined;
}

/** `T | mv-expand a = d.list to typeof(long)`: one row for each element. */
export const mvExpand = piped<ExpandSyntax>({
  names: ['mv-expand', 'mvexpand'],
  parse(parser, start) {
    const options = parser.options(['bagexpansion', 'kind', 'with_itemindex']);
    const items = [];
    do {
      const expression = parser.namedExpression();
      let type: ScalarType | undefined;
      if (parser.is('to') && parser.is('typeof', 1)) {
        parser.next();
        parser.next();
        parser.expect('(');
        type = parser.scalarType();
        parser.expect(')');
      }
      items.push({ expression, type });
    } while (parser.accept(','));
    const limit = parser.accept('limit') ? parser.expression() : undefined;
    const kind = options.get('bagexpansion')?.value ?? options.get('kind')?.value;
    return {
      operator: 'mv-expand',
      items,
      index: options.get('with_itemindex')?.value,
      bagsAsPairs: kind === 'array',
      limit,
      span: parser.spanFrom(start),
    };
  },
  bind(context, syntax, input) {
    const { binder } = context;
    const scope = scopeOf(context, input);
    const columns: VisibleColumn[] = [...input.columns];
    const place = (name: string, column: Column): void => {
      const at = columns.findIndex((each) => each.name === name);
      if (at >= 0) columns[at] = { name, column };
      else columns.push({ name, column });
    };
    const items = syntax.items.map((item) => {
      const { expression } = item;
      const bound = binder.scalar(expression.value, scope);
      if (bound.type !== 'dynamic') {
        const hint = bound.type === 'string' ? 'Read it first with parse_json(…).' : undefined;
        problem('KS107', `A dynamic value is expected, not ${bound.type}`, expression.span, hint);
      }
      const value = convert(bound, 'dynamic', expression.span, binder);
      const name = expression.names[0]?.text ?? binder.nameFor(expression.value, scope);
      const element = item.type ?? 'dynamic';
      const column = binder.column(name === '' ? 'Column1' : name, element);
      place(name === '' ? 'Column1' : name, column);
      return { column, value, element, bagsAsPairs: syntax.bagsAsPairs };
    });
    let index: Column | undefined;
    if (syntax.index !== undefined) {
      index = binder.column(syntax.index, 'long', false);
      place(syntax.index, index);
    }
    const limit =
      syntax.limit === undefined
        ? undefined
        : binder.constantLong(syntax.limit, scope, 'The limit');
    return {
      ...input,
      columns,
      plan: { kind: 'expand', input: input.plan, items, index, limit },
    };
  },
});
