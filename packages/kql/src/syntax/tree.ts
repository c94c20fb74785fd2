/** What the parser makes: the query as written, with places, nothing resolved. */

import type { ScalarType } from '@strongroom/sql';
import type { Span } from '../diagnostics.js';

/** A literal's value; `null` is the type's null. Ticks and integers are bigints, decimals text. */
export type ConstantValue = null | boolean | bigint | number | string;

export interface NamedExpression {
  /** `(a, b) = …` has several; none where the expression stands alone. */
  readonly names: readonly Name[];
  readonly value: Expression;
  readonly span: Span;
}

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export type BinaryOperator =
  | '=='
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
  | '=~'
  | '!~'
  | ':'
  | StringOperator;

export type StringOperator =
  | 'has'
  | '!has'
  | 'has_cs'
  | '!has_cs'
  | 'hasprefix'
  | '!hasprefix'
  | 'hasprefix_cs'
  | '!hasprefix_cs'
  | 'hassuffix'
  | '!hassuffix'
  | 'hassuffix_cs'
  | '!hassuffix_cs'
  | 'contains'
  | '!contains'
  | 'contains_cs'
  | '!contains_cs'
  | 'startswith'
  | '!startswith'
  | 'startswith_cs'
  | '!startswith_cs'
  | 'endswith'
  | '!endswith'
  | 'endswith_cs'
  | '!endswith_cs'
  | 'matches regex';

export type ListOperator = 'in' | '!in' | 'in~' | '!in~' | 'has_any' | 'has_all';

export type Expression =
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }
  | {
      readonly kind: 'literal';
      readonly type: ScalarType;
      readonly value: ConstantValue;
      readonly span: Span;
    }
  | { readonly kind: 'star'; readonly span: Span }
  | {
      readonly kind: 'member';
      readonly target: Expression;
      readonly name: string;
      readonly span: Span;
    }
  | {
      readonly kind: 'index';
      readonly target: Expression;
      readonly index: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly nameSpan: Span;
      readonly args: readonly NamedExpression[];
      readonly span: Span;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  /** Any number of terms, so that long chains do not nest. */
  | {
      readonly kind: 'logical';
      readonly operator: 'and' | 'or';
      readonly terms: readonly Expression[];
      readonly span: Span;
    }
  | { readonly kind: 'negate'; readonly value: Expression; readonly span: Span }
  | {
      readonly kind: 'list';
      readonly operator: ListOperator;
      readonly value: Expression;
      readonly items: readonly Expression[];
      readonly span: Span;
    }
  | {
      readonly kind: 'between';
      readonly negated: boolean;
      readonly value: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly span: Span;
    }
  /** `typeof(long)`, or `typeof(a:long, b:string)`. */
  | { readonly kind: 'typeof'; readonly types: readonly ColumnSyntax[]; readonly span: Span }
  | Pipeline
  | { readonly kind: 'leading'; readonly operator: OperatorSyntax; readonly span: Span }
  | FunctionSyntax;

/** `source | operator | operator`. */
export interface Pipeline {
  readonly kind: 'pipeline';
  readonly source: Expression;
  readonly operators: readonly OperatorSyntax[];
  readonly span: Span;
}

/** What an operator's file parses; its own members are known to that file only. */
export interface OperatorSyntax {
  readonly operator: string;
  readonly span: Span;
}

export interface ColumnSyntax {
  readonly name: string;
  readonly type: ScalarType;
  readonly span: Span;
}

/** `(x:long, T:(a:string, *)) { body }`. */
export interface FunctionSyntax {
  readonly kind: 'function';
  readonly parameters: readonly ParameterSyntax[];
  readonly body: readonly Statement[];
  readonly view: boolean;
  readonly span: Span;
}

export interface ParameterSyntax {
  readonly name: string;
  readonly type: ScalarType | 'tabular';
  /** The columns that a tabular argument must have. */
  readonly columns: readonly ColumnSyntax[];
  readonly fallback: Expression | undefined;
  readonly span: Span;
}

export type Statement =
  | { readonly kind: 'let'; readonly name: Name; readonly value: Expression; readonly span: Span }
  | { readonly kind: 'query'; readonly value: Expression; readonly span: Span }
  | {
      readonly kind: 'set';
      readonly name: string;
      readonly value: Expression | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: 'declare';
      readonly parameters: readonly ParameterSyntax[];
      readonly span: Span;
    }
  | PatternSyntax
  /** `alias database A = workspace("b")`. */
  | {
      readonly kind: 'alias';
      readonly name: Name;
      readonly place: Expression;
      readonly span: Span;
    }
  /** `restrict access to (A, B*, workspace("b").*)`. */
  | {
      readonly kind: 'restrict';
      readonly entities: readonly EntitySyntax[];
      readonly span: Span;
    };

export interface EntitySyntax {
  /** `database("…")` or `workspace("…")`, where the pattern is of tables there. */
  readonly place: (Expression & { readonly kind: 'call' }) | undefined;
  readonly pattern: string;
}

/** `declare pattern app = (a:string)[b:string] { ("x").["y"] = { body }; }`. */
export interface PatternSyntax {
  readonly kind: 'pattern';
  readonly name: Name;
  /** The path's, if there is one, is the last. */
  readonly parameters: readonly ParameterSyntax[];
  readonly hasPath: boolean;
  readonly cases: readonly {
    readonly values: readonly Expression[];
    readonly body: readonly Statement[];
    readonly span: Span;
  }[];
  readonly span: Span;
}
