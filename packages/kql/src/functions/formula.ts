/**
 * SQL trees written as the formulas that they are: `formula('arraySum(v -> v * v, $list)', { list })`.
 * Only texts of this package's sources go in; what comes from a query stands in the parts, as
 * trees. See docs/adr/0017-formulas.md.
 *
 * Beside ClickHouse's own notation: `$name` is a part, `$name(a, b)` a part that is a function of
 * trees, `let x = value; body` computes `value` once, `a[i]` and `a.1` are an array's and a
 * tuple's element. Names that a formula
 * binds hide no other: `closed`, which `formulaRows` calls, gives them short names in the end.
 */

import { invariant } from '@strongroom/base';
import {
  array,
  boolean,
  call,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  parametric,
  real,
  text,
  tuple,
  type Expression as Sql,
  type InfixOperator,
} from '@strongroom/sql';
import type { FunctionRow } from './row.js';

type Template =
  | { readonly kind: 'constant'; readonly value: Sql }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'part'; readonly name: string; readonly args?: readonly Template[] }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Template[];
      readonly parameters?: readonly Template[];
    }
  | {
      readonly kind: 'infix';
      readonly operator: InfixOperator;
      readonly items: readonly Template[];
    }
  | { readonly kind: 'lambda'; readonly names: readonly string[]; readonly body: Template }
  | {
      readonly kind: 'let';
      readonly name: string;
      readonly value: Template;
      readonly body: Template;
    }
  | { readonly kind: 'tuple' | 'array'; readonly items: readonly Template[] };

export type Part = Sql | ((...args: readonly Sql[]) => Sql);
export type Parts = Readonly<Record<string, Part>>;

const token =
  /\s+|(\d+\.\d+(?:e-?\d+)?|\d+e-?\d+)|(\d+)|'((?:[^'\\]|\\.)*)'|(\$?[A-Za-z_][A-Za-z0-9_]*)|(->|<=|>=|!=|[-+*/%=<>()[\],.;])/gy;

interface Token {
  readonly kind: 'real' | 'integer' | 'string' | 'name' | 'sign' | 'end';
  readonly text: string;
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  let end = 0;
  for (const match of source.matchAll(token)) {
    end = match.index + match[0].length;
    const kinds = ['real', 'integer', 'string', 'name', 'sign'] as const;
    const at = kinds.findIndex((_, index) => match[index + 1] !== undefined);
    const kind = kinds[at];
    if (kind !== undefined) found.push({ kind, text: match[at + 1] ?? '' });
  }
  invariant(end === source.length, `a formula that is none: ${source.slice(end, end + 30)}`);
  found.push({ kind: 'end', text: '' });
  return found;
}

const levels: readonly (readonly InfixOperator[])[] = [
  ['OR'],
  ['AND'],
  ['=', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
];

class Reader {
  private readonly all: readonly Token[];
  private at = 0;
  private readonly source: string;

  constructor(source: string) {
    this.source = source;
    this.all = tokens(source);
  }

  private peek(ahead = 0): Token {
    return this.all[this.at + ahead] ?? { kind: 'end', text: '' };
  }

  private take(sign: string): boolean {
    const next = this.peek();
    if (next.text !== sign || next.kind === 'string') return false;
    this.at++;
    return true;
  }

  private expect(sign: string): void {
    invariant(
      this.take(sign),
      `'${sign}' instead of '${this.peek().text}' in: ${this.source.slice(0, 200)}`,
    );
  }

  whole(): Template {
    const value = this.value();
    invariant(
      this.peek().kind === 'end',
      `more than a formula at '${this.peek().text}': ${this.source.slice(0, 200)}`,
    );
    return value;
  }

  private value(): Template {
    if (this.peek().kind === 'name' && this.peek().text === 'let') {
      this.at++;
      const name = this.peek().text;
      this.at++;
      this.expect('=');
      const value = this.value();
      this.expect(';');
      return { kind: 'let', name, value, body: this.value() };
    }
    const names = this.lambdaNames();
    if (names !== undefined) return { kind: 'lambda', names, body: this.value() };
    return this.level(0);
  }

  /** `x ->` or `(x, y) ->`. */
  private lambdaNames(): string[] | undefined {
    const start = this.at;
    const names: string[] = [];
    if (this.peek().kind === 'name' && this.peek(1).text === '->') {
      names.push(this.peek().text);
      this.at += 2;
      return names;
    }
    if (!this.take('(')) return undefined;
    while (this.peek().kind === 'name') {
      names.push(this.peek().text);
      this.at++;
      if (!this.take(',')) break;
    }
    if (names.length > 0 && this.take(')') && this.take('->')) return names;
    this.at = start;
    return undefined;
  }

  private level(depth: number): Template {
    const operators = levels[depth];
    if (operators === undefined) return this.unary();
    let left = this.level(depth + 1);
    for (;;) {
      const next = this.peek();
      const operator = operators.find((each) => each === next.text && next.kind !== 'string');
      if (operator === undefined) return left;
      this.at++;
      const right = this.level(depth + 1);
      const chained =
        left.kind === 'infix' &&
        left.operator === operator &&
        (operator === 'AND' || operator === 'OR')
          ? left.items
          : [left];
      left = { kind: 'infix', operator, items: [...chained, right] };
    }
  }

  private unary(): Template {
    if (this.take('-')) {
      const value = this.unary();
      if (value.kind === 'constant' && value.value.kind === 'integer')
        return { kind: 'constant', value: integer(-value.value.value) };
      if (value.kind === 'constant' && value.value.kind === 'real')
        return { kind: 'constant', value: real(-value.value.value) };
      return { kind: 'call', name: 'negate', args: [value] };
    }
    if (this.take('NOT')) return { kind: 'call', name: 'not', args: [this.unary()] };
    let value = this.primary();
    for (;;) {
      if (this.take('[')) {
        value = { kind: 'call', name: 'arrayElement', args: [value, this.value()] };
        this.expect(']');
      } else if (this.take('.')) {
        // `a.1.2` has been read as the number 1.2.
        for (const index of this.peek().text.split('.'))
          value = {
            kind: 'call',
            name: 'tupleElement',
            args: [value, { kind: 'constant', value: integer(BigInt(index)) }],
          };
        this.at++;
      } else return value;
    }
  }

  private primary(): Template {
    const next = this.peek();
    this.at++;
    switch (next.kind) {
      case 'integer':
        return { kind: 'constant', value: integer(BigInt(next.text)) };
      case 'real':
        return { kind: 'constant', value: real(Number(next.text)) };
      case 'string':
        return { kind: 'constant', value: text(next.text.replace(/\\(.)/g, '$1')) };
      case 'name':
        return this.named(next.text);
      case 'sign':
        if (next.text === '(') {
          const items = this.list(')');
          return items.length === 1 ? (items[0] as Template) : { kind: 'tuple', items };
        }
        if (next.text === '[') return { kind: 'array', items: this.list(']') };
        break;
      case 'end':
        break;
    }
    invariant(false, `'${next.text}' cannot stand here: ${this.source.slice(0, 200)}`);
  }

  private named(name: string): Template {
    if (name === 'true' || name === 'false')
      return { kind: 'constant', value: boolean(name === 'true') };
    const args = this.take('(') ? this.list(')') : undefined;
    if (name.startsWith('$'))
      return args === undefined
        ? { kind: 'part', name: name.slice(1) }
        : { kind: 'part', name: name.slice(1), args };
    if (args === undefined) return { kind: 'name', name };
    if (name === 'null') {
      const type = args[0];
      invariant(type?.kind === 'constant' && type.value.kind === 'string', 'null(type)');
      return { kind: 'constant', value: nullOf(type.value.value) };
    }
    return this.take('(')
      ? { kind: 'call', name, parameters: args, args: this.list(')') }
      : { kind: 'call', name, args };
  }

  private list(end: string): Template[] {
    const items: Template[] = [];
    if (this.take(end)) return items;
    do items.push(this.value());
    while (this.take(','));
    this.expect(end);
    return items;
  }
}

const templates = new Map<string, Template>();

/** A formula's own names are unlike any other's until `closed` gives them short ones. */
const freshMark = '~';
let freshCount = 0;

export function formula(source: string, parts: Parts = {}): Sql {
  let template = templates.get(source);
  if (template === undefined) {
    template = new Reader(source).whole();
    templates.set(source, template);
  }
  return fill(template, parts, new Map());
}

function fill(template: Template, parts: Parts, names: ReadonlyMap<string, string>): Sql {
  const each = (items: readonly Template[]): Sql[] => items.map((item) => fill(item, parts, names));
  const binding = (bound: readonly string[]): [string[], Map<string, string>] => {
    const inner = new Map(names);
    const fresh = bound.map((name) => {
      freshCount = (freshCount + 1) % Number.MAX_SAFE_INTEGER;
      inner.set(name, `${freshMark}${freshCount}`);
      return `${freshMark}${freshCount}`;
    });
    return [fresh, inner];
  };
  switch (template.kind) {
    case 'constant':
      return template.value;
    case 'name': {
      const name = names.get(template.name);
      invariant(name !== undefined, `the formula binds ${template.name}`);
      return column(name);
    }
    case 'part': {
      const part = parts[template.name];
      invariant(part !== undefined, `the formula's part ${template.name} is given`);
      return typeof part === 'function' ? part(...each(template.args ?? [])) : part;
    }
    case 'call':
      return template.parameters === undefined
        ? call(template.name, ...each(template.args))
        : parametric(template.name, each(template.parameters), ...each(template.args));
    case 'infix':
      return infix(template.operator, ...each(template.items));
    case 'lambda': {
      const [bound, inner] = binding(template.names);
      return lambda(bound, fill(template.body, parts, inner));
    }
    case 'let': {
      const value = fill(template.value, parts, names);
      const [bound, inner] = binding([template.name]);
      const body = fill(template.body, parts, inner);
      return call('arrayElement', call('arrayMap', lambda(bound, body), array(value)), integer(1));
    }
    case 'tuple':
      return tuple(...each(template.items));
    case 'array':
      return array(...each(template.items));
  }
}

// ---- closing ----------------------------------------------------------------------------------

const shortName = /^[a-z]{1,3}$/;
const isTree = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && 'kind' in value;

/** Trees without a formula's own names in them, and the short names that they have. */
const shortNamesOf = new WeakMap<Sql, ReadonlySet<string>>();

/** The short names of a tree, bound or not; undefined where it has a formula's own names. */
function shortNames(tree: Sql): ReadonlySet<string> | undefined {
  const known = shortNamesOf.get(tree);
  if (known !== undefined) return known;
  const all = new Set<string>();
  let isOpen = false;
  const take = (name: string): void => {
    if (name.startsWith(freshMark)) isOpen = true;
    else if (shortName.test(name)) all.add(name);
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) visit(item);
    } else if (isTree(value)) {
      const names = shortNames(value);
      if (names === undefined) isOpen = true;
      else for (const name of names) all.add(name);
    } else if (typeof value === 'object' && value !== null) {
      for (const item of Object.values(value)) visit(item);
    }
  };
  if (tree.kind === 'column') take(tree.name);
  else {
    if (tree.kind === 'lambda') for (const name of tree.names) take(name);
    for (const item of Object.values(tree)) visit(item);
  }
  if (isOpen) return undefined;
  shortNamesOf.set(tree, all);
  return all;
}

/** Every short name in a tree, also where it has a formula's own names. */
function allShortNames(tree: Sql, into: Set<string>): void {
  const known = shortNamesOf.get(tree);
  if (known !== undefined) {
    for (const name of known) into.add(name);
    return;
  }
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value as unknown[]) visit(item);
    else if (isTree(value)) allShortNames(value, into);
  };
  if (tree.kind === 'column') {
    if (shortName.test(tree.name)) into.add(tree.name);
    return;
  }
  if (tree.kind === 'lambda')
    for (const name of tree.names) if (shortName.test(name)) into.add(name);
  for (const item of Object.values(tree)) visit(item);
}

/** The tree with short names for a formula's own, no two alike where one could hide the other. */
export function closed(tree: Sql): Sql {
  if (shortNames(tree) !== undefined) return tree;
  const taken = new Set<string>();
  allShortNames(tree, taken);
  const names = new Map<string, string>();
  const unused = function* (): Generator<string> {
    for (const a of letters) if (!taken.has(a)) yield a;
    for (const a of letters)
      for (const b of letters) if (!taken.has(a + b) && !words.has(a + b)) yield a + b;
    for (const a of letters)
      for (const b of letters)
        for (const c of letters)
          if (!taken.has(a + b + c) && !words.has(a + b + c)) yield a + b + c;
  };
  // A name for each depth of binding: as few as there can be.
  const pool: string[] = [];
  const source = unused();
  const atDepth = (depth: number): string => {
    while (pool.length <= depth) {
      const next = source.next();
      invariant(next.done !== true, 'an expression binds more names than there are');
      pool.push(next.value);
    }
    return pool[depth] as string;
  };
  const renamed = (value: unknown, depth: number): unknown => {
    if (Array.isArray(value)) return (value as unknown[]).map((item) => renamed(item, depth));
    return isTree(value) ? walk(value, depth) : value;
  };
  const walk = (node: Sql, depth: number): Sql => {
    if (shortNamesOf.has(node)) return node;
    if (node.kind === 'column') {
      const name = names.get(node.name);
      return name === undefined ? node : { ...node, name };
    }
    if (node.kind === 'lambda') {
      let inside = depth;
      const bound = node.names.map((name) => {
        if (!name.startsWith(freshMark)) return name;
        const short = atDepth(inside++);
        names.set(name, short);
        return short;
      });
      return { ...node, names: bound, body: walk(node.body, inside) };
    }
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, renamed(value, depth)]),
    ) as Sql;
  };
  return walk(tree, 0);
}

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
/** Words of SQL that cannot be names without quotes everywhere. */
const words = new Set([
  'as',
  'by',
  'in',
  'is',
  'on',
  'or',
  'and',
  'asc',
  'end',
  'for',
  'not',
  'any',
  'all',
]);

/** Rows whose SQL is made of formulas. */
export function formulaRows(rows: readonly FunctionRow[]): readonly FunctionRow[] {
  return rows.map((row) => ({ ...row, sql: (args, context) => closed(row.sql(args, context)) }));
}
