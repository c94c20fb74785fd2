import type { ScalarType } from '@strongroom/sql';
import { constant } from '../semantics/bound.js';
import { relation, type Relation, type VisibleColumn } from '../semantics/relation.js';
import { renamed } from '../semantics/renamed.js';
import { Environment } from '../semantics/environment.js';
import type { NamedExpression, OperatorSyntax } from '../syntax/tree.js';
import type { Span } from '../diagnostics.js';
import { notSupported, problem } from '../diagnostics.js';
import { leading, piped, type Operator } from './operator.js';

/** .NET's names for KQL's types, as `getschema` shows them. */
export const dataTypes: Readonly<Record<ScalarType, string>> = {
  bool: 'System.SByte',
  datetime: 'System.DateTime',
  decimal: 'System.Data.SqlTypes.SqlDecimal',
  dynamic: 'System.Object',
  guid: 'System.Guid',
  int: 'System.Int32',
  long: 'System.Int64',
  real: 'System.Double',
  string: 'System.String',
  timespan: 'System.TimeSpan',
};

/** `T | getschema`. */
export const getschema = piped<OperatorSyntax>({
  names: ['getschema'],
  parse(parser, start) {
    parser.options();
    return { operator: 'getschema', span: parser.spanFrom(start) };
  },
  bind(context, _, input) {
    const columns = (
      [
        ['ColumnName', 'string'],
        ['ColumnOrdinal', 'long'],
        ['DataType', 'string'],
        ['ColumnType', 'string'],
      ] as const
    ).map(([name, type]): VisibleColumn => ({ name, column: context.binder.column(name, type) }));
    const rows = input.columns.map((each, index) => [
      constant('string', each.name),
      constant('long', BigInt(index)),
      constant('string', dataTypes[each.column.type]),
      constant('string', each.column.type),
    ]);
    return relation({ kind: 'values', columns: columns.map((each) => each.column), rows }, columns);
  },
});

interface AsSyntax extends OperatorSyntax {
  readonly name: string;
}

/** `T | as Name`: the rows so far under a name for what follows. */
export const as = piped<AsSyntax>({
  names: ['as'],
  parse(parser, start) {
    parser.options();
    const name = parser.name().text;
    return { operator: 'as', name, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const make = (): Relation => renamed(context.binder, input);
    context.environment.set(syntax.name, { kind: 'made', make });
    const { plan, columns } = input;
    return { ...input, alias: { name: syntax.name, plan, columns } };
  },
});

interface InvokeSyntax extends OperatorSyntax {
  readonly name: string;
  readonly nameSpan: Span;
  readonly args: readonly NamedExpression[];
}

/** `T | invoke f(1)`. */
export const invoke = piped<InvokeSyntax>({
  names: ['invoke'],
  parse(parser, start) {
    const token = parser.peek();
    const value = parser.expression();
    if (value.kind !== 'call') problem('SYN0002', 'A function call is expected', value.span);
    return {
      operator: 'invoke',
      name: value.name,
      nameSpan: { start: token.start, end: token.end },
      args: value.args,
      span: parser.spanFrom(start),
    };
  },
  bind(context, syntax, input): Relation {
    return context.binder.invoke(
      syntax.name,
      syntax.args,
      syntax.nameSpan,
      new Environment(context.environment),
      input,
    );
  },
});

/** Operators that KQL has and this compiler does not: named, so that the message is clear. */
function unsupported(names: readonly string[], leads: boolean): Operator {
  const definition = {
    names,
    alsoPiped: true,
    parse(parser: { spanFrom(start: number): Span }, start: number): OperatorSyntax {
      const span = parser.spanFrom(start);
      return notSupported(`The operator '${names[0]}'`, span);
    },
    bind: (): Relation => problem('KQL_NOT_SUPPORTED', 'not supported', { start: 0, end: 0 }),
  };
  return leads ? leading<OperatorSyntax>(definition) : piped<OperatorSyntax>(definition);
}

export const unsupportedOperators: readonly Operator[] = [
  ...[
    'make-graph',
    'graph-match',
    'graph-to-table',
    'graph-shortest-paths',
    'graph-mark-components',
    'graph-where-nodes',
    'graph-where-edges',
    'consume',
    'assert-schema',
    'macro-expand',
    'execute-and-cache',
  ].map((name) => unsupported([name], false)),
  ...['externaldata', 'external_data'].map((name) => unsupported([name], true)),
];
