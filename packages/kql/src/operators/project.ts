import { problem } from '../diagnostics.js';
import type { Definition } from '../plan/plan.js';
import type { VisibleColumn } from '../semantics/relation.js';
import type { Name, OperatorSyntax } from '../syntax/tree.js';
import type { Parser } from '../syntax/parser.js';
import { bindNamed, namedColumns, withDefinitions, type NamedListSyntax } from './extend.js';
import { piped } from './operator.js';

/** `T | project a, b = a + 1`. */
export const project = piped<NamedListSyntax>({
  names: ['project'],
  parse(parser, start) {
    const expressions = parser.namedExpressions();
    return { operator: 'project', expressions, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const definitions: Definition[] = [];
    const columns = namedColumns(
      context,
      bindNamed(context, syntax.expressions, input),
      definitions,
      input,
    );
    return { ...input, plan: withDefinitions(input.plan, definitions), columns };
  },
});

interface PatternsSyntax extends OperatorSyntax {
  readonly patterns: readonly Name[];
}

function patterns(parser: Parser): Name[] {
  const list = [parser.wildcardName()];
  while (parser.accept(',')) list.push(parser.wildcardName());
  return list;
}

/** `T | project-away a, b*`. */
export const projectAway = piped<PatternsSyntax>({
  names: ['project-away'],
  parse(parser, start) {
    return { operator: 'project-away', patterns: patterns(parser), span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const gone = new Set(
      syntax.patterns.flatMap((each) => context.binder.columnsLike(each.text, each.span, input)),
    );
    return { ...input, columns: input.columns.filter((each) => !gone.has(each)) };
  },
});

/** `T | project-keep a, b*`: the input's order stays. */
export const projectKeep = piped<PatternsSyntax>({
  names: ['project-keep'],
  parse(parser, start) {
    return { operator: 'project-keep', patterns: patterns(parser), span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const kept = new Set(
      syntax.patterns.flatMap((each) => context.binder.columnsLike(each.text, each.span, input)),
    );
    return { ...input, columns: input.columns.filter((each) => kept.has(each)) };
  },
});

interface RenameSyntax extends OperatorSyntax {
  readonly renames: readonly { readonly to: Name; readonly from: Name }[];
}

/** `T | project-rename new = old`. */
export const projectRename = piped<RenameSyntax>({
  names: ['project-rename'],
  parse(parser, start) {
    const renames = [];
    do {
      const to = parser.name();
      parser.expect('=');
      renames.push({ to, from: parser.name() });
    } while (parser.accept(','));
    return { operator: 'project-rename', renames, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const columns: VisibleColumn[] = [...input.columns];
    for (const each of syntax.renames) {
      context.binder.columnsLike(each.from.text, each.from.span, input);
      const at = input.columns.findIndex((known) => known.name === each.from.text);
      const column = input.columns[at]?.column;
      if (column === undefined) continue;
      if (columns.some((known, index) => index !== at && known.name === each.to.text)) {
        problem(
          'KS201',
          `A column with the name '${each.to.text}' is already declared`,
          each.to.span,
        );
      }
      columns[at] = { name: each.to.text, column };
    }
    return { ...input, columns };
  },
});

interface ReorderSyntax extends OperatorSyntax {
  readonly items: readonly { readonly pattern: Name; readonly order: ReorderOrder | undefined }[];
}

type ReorderOrder = 'asc' | 'desc' | 'granny-asc' | 'granny-desc';

/** `T | project-reorder a, b* asc`: named columns first, the rest as they were. */
export const projectReorder = piped<ReorderSyntax>({
  names: ['project-reorder'],
  parse(parser, start) {
    const items = [];
    do {
      const pattern = parser.wildcardName();
      let order: ReorderOrder | undefined;
      if (parser.accept('asc')) order = 'asc';
      else if (parser.accept('desc')) order = 'desc';
      else if (parser.is('granny') && parser.is('-', 1)) {
        parser.next();
        parser.next();
        order = parser.accept('desc') ? 'granny-desc' : 'granny-asc';
        if (order === 'granny-asc') parser.expect('asc');
      }
      items.push({ pattern, order });
    } while (parser.accept(','));
    return { operator: 'project-reorder', items, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const placed = new Set<VisibleColumn>();
    const columns: VisibleColumn[] = [];
    // A plain name's column is placed by that name, wherever a pattern before it would put it.
    const plain = new Set(
      syntax.items
        .filter((item) => !item.pattern.text.includes('*'))
        .map((item) => item.pattern.text),
    );
    for (const item of syntax.items) {
      const wild = item.pattern.text.includes('*');
      const found = context.binder
        .columnsLike(item.pattern.text, item.pattern.span, input)
        .filter((each) => !placed.has(each) && !(wild && plain.has(each.name)));
      if (item.order !== undefined) {
        const sign = item.order.endsWith('desc') ? -1 : 1;
        const numeric = item.order.startsWith('granny');
        found.sort((a, b) => sign * compareNames(a.name, b.name, numeric));
      }
      for (const each of found) {
        placed.add(each);
        columns.push(each);
      }
    }
    return {
      ...input,
      columns: [...columns, ...input.columns.filter((each) => !placed.has(each))],
    };
  },
});

/** By characters whatever their case; `numeric` takes runs of digits as numbers (`a9` before `a10`). */
function compareNames(a: string, b: string, numeric: boolean): number {
  const [upperA, upperB] = [a.toUpperCase(), b.toUpperCase()];
  if (!numeric) return upperA < upperB ? -1 : upperA > upperB ? 1 : 0;
  const [left, right] = [upperA.match(/\d+|\D+/g) ?? [], upperB.match(/\d+|\D+/g) ?? []];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [x, y] = [left[index] as string, right[index] as string];
    if (x === y) continue;
    if (/^\d/.test(x) && /^\d/.test(y) && Number(x) !== Number(y)) return Number(x) - Number(y);
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
