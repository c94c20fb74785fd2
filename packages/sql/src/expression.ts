/**
 * ClickHouse expressions as frozen data. Text from outside can only enter as an identifier (which
 * the printer quotes), as a bound string, or as a string literal (which the printer escapes);
 * everything else is a closed set of words.
 */

import type { Select, UnionAll } from './select.js';

/** Infix operators, by ClickHouse's spelling. `AND` and `OR` take any number of operands. */
export type InfixOperator =
  | 'AND'
  | 'OR'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '||'
  | 'LIKE'
  | 'NOT LIKE'
  | 'ILIKE'
  | 'NOT ILIKE'
  | '<=>';

export interface OrderItem {
  readonly value: Expression;
  readonly direction: 'ASC' | 'DESC';
  readonly nulls: 'FIRST' | 'LAST';
}

/** The rows that a window function sees, as offsets from the current row. */
export interface WindowFrame {
  readonly unit: 'ROWS' | 'RANGE';
  readonly start: number | 'UNBOUNDED PRECEDING';
  readonly end: number | 'UNBOUNDED FOLLOWING';
}

export type Expression =
  | { readonly kind: 'column'; readonly name: string; readonly relation?: string }
  /** A string handed to the engine beside the text, as `{p0:String}`. */
  | { readonly kind: 'bound'; readonly value: string }
  /** A string that the engine wants as a literal (a type's name, a unit, a format). */
  | { readonly kind: 'string'; readonly value: string }
  /** An integer; with `type` it is that type, without it the smallest that holds it. */
  | { readonly kind: 'integer'; readonly value: bigint; readonly type?: string }
  | { readonly kind: 'real'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null'; readonly type?: string }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      /** The first of the two lists in `quantile(0.5)(x)`. */
      readonly parameters?: readonly Expression[];
      readonly distinct?: boolean;
    }
  | {
      readonly kind: 'infix';
      readonly operator: InfixOperator;
      readonly operands: readonly Expression[];
    }
  | { readonly kind: 'cast'; readonly value: Expression; readonly type: string }
  | { readonly kind: 'lambda'; readonly names: readonly string[]; readonly body: Expression }
  | { readonly kind: 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | {
      readonly kind: 'in';
      readonly value: Expression;
      readonly list: readonly Expression[] | Select | UnionAll;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'between';
      readonly value: Expression;
      readonly low: Expression;
      readonly high: Expression;
    }
  | { readonly kind: 'subquery'; readonly query: Select | UnionAll }
  | {
      readonly kind: 'window';
      readonly call: Expression;
      readonly partitionBy: readonly Expression[];
      readonly orderBy: readonly OrderItem[];
      readonly frame?: WindowFrame;
    }
  | { readonly kind: 'star' };

export function column(name: string, relation?: string): Expression {
  return relation === undefined ? { kind: 'column', name } : { kind: 'column', name, relation };
}
/** A value from outside, bound beside the text. */
export function bound(value: string): Expression {
  return { kind: 'bound', value };
}
/** A literal of our own making. */
export function text(value: string): Expression {
  return { kind: 'string', value };
}
export function integer(value: bigint | number, type?: string): Expression {
  const big = BigInt(value);
  return type === undefined
    ? { kind: 'integer', value: big }
    : { kind: 'integer', value: big, type };
}
export function real(value: number): Expression {
  return { kind: 'real', value };
}
export function boolean(value: boolean): Expression {
  return { kind: 'boolean', value };
}
export function nullOf(type?: string): Expression {
  return type === undefined ? { kind: 'null' } : { kind: 'null', type };
}
export function call(name: string, ...args: readonly Expression[]): Expression {
  return { kind: 'call', name, args };
}
/** A call with parameters before its arguments: `quantile(0.5)(x)`. */
export function parametric(
  name: string,
  parameters: readonly Expression[],
  ...args: readonly Expression[]
): Expression {
  return { kind: 'call', name, args, parameters };
}
export function infix(operator: InfixOperator, ...operands: readonly Expression[]): Expression {
  return { kind: 'infix', operator, operands };
}
/** `AND` of any number: none is true, one is itself. */
export function and(operands: readonly Expression[]): Expression {
  if (operands.length === 1) return operands[0] as Expression;
  return operands.length === 0 ? boolean(true) : { kind: 'infix', operator: 'AND', operands };
}
/** `OR` of any number: none is false, one is itself. */
export function or(operands: readonly Expression[]): Expression {
  if (operands.length === 1) return operands[0] as Expression;
  return operands.length === 0 ? boolean(false) : { kind: 'infix', operator: 'OR', operands };
}
export function not(value: Expression): Expression {
  return call('not', value);
}
/** `type` is ClickHouse's name for a type, of our own making. */
export function cast(value: Expression, type: string): Expression {
  return { kind: 'cast', value, type };
}
export function lambda(names: readonly string[], body: Expression): Expression {
  return { kind: 'lambda', names, body };
}
export function tuple(...items: readonly Expression[]): Expression {
  return { kind: 'tuple', items };
}
export function array(...items: readonly Expression[]): Expression {
  return { kind: 'array', items };
}
export function inList(
  value: Expression,
  list: readonly Expression[] | Select | UnionAll,
  negated = false,
): Expression {
  return { kind: 'in', value, list, negated };
}
export function between(value: Expression, low: Expression, high: Expression): Expression {
  return { kind: 'between', value, low, high };
}
export function subquery(query: Select | UnionAll): Expression {
  return { kind: 'subquery', query };
}
export function over(
  value: Expression,
  window: {
    readonly partitionBy?: readonly Expression[];
    readonly orderBy?: readonly OrderItem[];
    readonly frame?: WindowFrame;
  },
): Expression {
  const base = {
    kind: 'window',
    call: value,
    partitionBy: window.partitionBy ?? [],
    orderBy: window.orderBy ?? [],
  } as const;
  return window.frame === undefined ? base : { ...base, frame: window.frame };
}
export const star: Expression = { kind: 'star' };
