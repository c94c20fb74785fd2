/**
 * Recursive descent over the token list. Expressions are parsed here, operators by their own files
 * (`operators/`), which the parser finds by name. A problem inside one operator does not hide those
 * of the next: parsing goes on at the next `|` or `;`.
 */

import { ticksPerDay, type ScalarType } from '@strongroom/sql';
import {
  Diagnostics,
  KqlProblem,
  didYouMean,
  notSupported,
  problem,
  type Span,
} from '../diagnostics.js';
import { nestingMax, pipelineOperatorsMax, queryCharsMax } from '../limits.js';
import { lex, type Token } from './lexer.js';
import {
  parseDatetime,
  parseDecimal,
  parseGuid,
  parseLong,
  parseReal,
  parseTimespan,
  ticksOf,
} from './literals.js';
import type {
  BinaryOperator,
  ColumnSyntax,
  ConstantValue,
  EntitySyntax,
  Expression,
  FunctionSyntax,
  ListOperator,
  Name,
  NamedExpression,
  OperatorSyntax,
  ParameterSyntax,
  PatternSyntax,
  Pipeline,
  Statement,
} from './tree.js';

/** What the parser has to know of an operator; `operators/` holds the rest. */
export interface OperatorParser {
  /** May begin a query or a sub-query (`union`, `datatable`). */
  readonly leading: boolean;
  /** May follow `|`. */
  readonly piped: boolean;
  parse(parser: Parser, start: number): OperatorSyntax;
}

export interface OperatorLookup {
  get(name: string): OperatorParser | undefined;
  names(): Iterable<string>;
}

const stringOperators = new Set([
  'has',
  'has_cs',
  'hasprefix',
  'hasprefix_cs',
  'hassuffix',
  'hassuffix_cs',
  'contains',
  'contains_cs',
  'startswith',
  'startswith_cs',
  'endswith',
  'endswith_cs',
]);
const operatorAliases: Readonly<Record<string, string>> = {
  containscs: 'contains_cs',
  startswithcs: 'startswith_cs',
  endswithcs: 'endswith_cs',
  hascs: 'has_cs',
};
const typeNames: Readonly<Record<string, ScalarType>> = {
  bool: 'bool',
  boolean: 'bool',
  date: 'datetime',
  datetime: 'datetime',
  decimal: 'decimal',
  double: 'real',
  dynamic: 'dynamic',
  float: 'real',
  guid: 'guid',
  uuid: 'guid',
  uniqueid: 'guid',
  int: 'int',
  int32: 'int',
  int64: 'long',
  long: 'long',
  real: 'real',
  string: 'string',
  time: 'timespan',
  timespan: 'timespan',
};

/** The scalar type that a word names, in any of its spellings. */
export function typeNamed(word: string): ScalarType | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(typeNames, lower) ? typeNames[lower] : undefined;
}

/** Operators whose name has a hyphen begin with these words. */
const hyphenStarts = new Set([
  'project',
  'mv',
  'make',
  'parse',
  'sample',
  'top',
  'graph',
  'execute',
  'find',
  'entity',
]);

export function parseQuery(
  text: string,
  operators: OperatorLookup,
  diagnostics: Diagnostics,
): Statement[] {
  try {
    if (text.length > queryCharsMax) {
      problem('KQL_LIMIT', `The query has more than ${queryCharsMax} characters`, {
        start: 0,
        end: 0,
      });
    }
    return new Parser(text, lex(text), operators, diagnostics).statements('end');
  } catch (error) {
    if (!(error instanceof KqlProblem)) throw error;
    diagnostics.add(error);
    return [];
  }
}

export class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private readonly operators: OperatorLookup;
  private readonly diagnostics: Diagnostics;
  private at = 0;
  private depth = 0;
  private equalsCompares = false;

  constructor(
    text: string,
    tokens: readonly Token[],
    operators: OperatorLookup,
    diagnostics: Diagnostics,
  ) {
    this.text = text;
    this.tokens = tokens;
    this.operators = operators;
    this.diagnostics = diagnostics;
  }

  // ---- tokens -----------------------------------------------------------------------------

  peek(ahead = 0): Token {
    return (this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)] ??
      this.tokens.at(-1)) as Token;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.at++;
    return token;
  }

  /** True if the next token is this punctuation or this word. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.kind === 'punctuation' || token.kind === 'name') && token.text === text;
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) this.unexpected(`'${text}'`);
    return this.next();
  }

  unexpected(wanted: string, hint?: string): never {
    const token = this.peek();
    const found =
      token.kind === 'end'
        ? 'the end of the query'
        : `'${shorten(this.text.slice(token.start, token.end))}'`;
    problem('SYN0002', `Expected ${wanted}, found ${found}`, spanOf(token), hint);
  }

  /** From `start` to the end of the last token read. */
  spanFrom(start: number): Span {
    const last = this.tokens[Math.max(0, this.at - 1)];
    return { start, end: Math.max(start, last?.end ?? start) };
  }

  get start(): number {
    return this.peek().start;
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > nestingMax) {
      problem('KQL_LIMIT', `Nested deeper than ${nestingMax} levels`, spanOf(this.peek()));
    }
    const parsed = parse();
    this.depth--;
    return parsed;
  }

  // ---- names ------------------------------------------------------------------------------

  /** A column's, table's or variable's name: `Name`, `['any text']`, `["any text"]`. */
  name(what = 'a name'): Name {
    const token = this.peek();
    if (token.kind === 'name') {
      this.at++;
      return { text: token.text, span: spanOf(token) };
    }
    if (token.kind === 'typed') this.unexpected(what);
    if (this.isBracketedName()) {
      const value = this.peek(1).value;
      this.at += 3;
      return { text: value, span: this.spanFrom(token.start) };
    }
    this.unexpected(what);
  }

  isBracketedName(ahead = 0): boolean {
    return this.is('[', ahead) && this.peek(ahead + 1).kind === 'string' && this.is(']', ahead + 2);
  }

  isName(): boolean {
    return this.peek().kind === 'name' || this.isBracketedName();
  }

  /** A name in which `*` stands for any text: `_*`, `*Id`, `*`. */
  wildcardName(): Name {
    const first = this.peek();
    let text = '';
    let end = first.start;
    for (;;) {
      const token = this.peek();
      if (text !== '' && token.start !== end) break;
      if (token.kind === 'name' || token.kind === 'long') text += token.text;
      else if (this.is('*')) text += '*';
      else if (text === '' && this.isBracketedName()) return this.name();
      else break;
      end = token.end;
      this.at++;
    }
    if (text === '') this.unexpected('a name');
    return { text, span: this.spanFrom(first.start) };
  }

  scalarType(): ScalarType {
    const token = this.next();
    const type = token.kind === 'name' ? typeNamed(token.text) : undefined;
    if (type === undefined) {
      const hint = didYouMean(token.text, Object.keys(typeNames));
      problem('SYN0002', `'${shorten(token.text)}' is not a type`, spanOf(token), hint);
    }
    return type;
  }

  /** `name:type, name:type`, up to the closing bracket, which stays. */
  columns(): ColumnSyntax[] {
    const columns: ColumnSyntax[] = [];
    while (!this.is(')')) {
      const start = this.start;
      if (this.accept('*')) {
        if (!this.accept(',')) break;
        continue;
      }
      const name = this.name('a column name');
      this.expect(':');
      columns.push({ name: name.text, type: this.scalarType(), span: this.spanFrom(start) });
      if (!this.accept(',')) break;
    }
    return columns;
  }

  // ---- statements -------------------------------------------------------------------------

  statements(close: 'end' | '}'): Statement[] {
    const statements: Statement[] = [];
    const done = (): boolean =>
      close === 'end' ? this.peek().kind === 'end' : this.is('}') || this.peek().kind === 'end';
    while (!done()) {
      if (this.accept(';')) continue;
      try {
        statements.push(this.statement());
        if (!done() && !this.is(';')) this.unexpected("'|' or ';'");
      } catch (error) {
        if (!(error instanceof KqlProblem) || error.code === 'KQL_LIMIT') throw error;
        this.diagnostics.add(error);
        if (close === '}') throw error;
        this.depth = 0;
        this.skipTo(false);
      }
    }
    return statements;
  }

  /** Leaves a broken part: to the next `;`, or `|`, outside of brackets opened since. */
  private skipTo(pipes: boolean): void {
    if (this.diagnostics.isFull) this.at = this.tokens.length - 1;
    let open = 0;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end') return;
      if (token.kind === 'punctuation') {
        if (token.text === '(' || token.text === '[' || token.text === '{') open++;
        else if (token.text === ')' || token.text === ']' || token.text === '}') {
          if (open === 0 && pipes) return;
          open = Math.max(0, open - 1);
        } else if (open === 0 && (token.text === ';' || (pipes && token.text === '|'))) return;
      }
      this.at++;
    }
  }

  private statement(): Statement {
    const start = this.start;
    if (this.is('let')) {
      this.next();
      const name = this.name("the variable's name");
      this.expect('=');
      const value = this.letValue();
      return { kind: 'let', name, value, span: this.spanFrom(start) };
    }
    if (this.is('set') && this.peek(1).kind === 'name') {
      this.next();
      const name = this.next().text;
      const value = this.accept('=') ? this.expression() : undefined;
      return { kind: 'set', name, value, span: this.spanFrom(start) };
    }
    if (this.is('declare') && this.is('query_parameters', 1)) {
      this.at += 2;
      const parameters = this.parameters();
      return { kind: 'declare', parameters, span: this.spanFrom(start) };
    }
    if (this.is('declare') && this.is('pattern', 1)) return this.pattern();
    if (this.is('alias') && this.is('database', 1)) {
      this.at += 2;
      const name = this.is('[') ? this.name() : this.name("the alias's name");
      this.expect('=');
      let place = this.placeCall();
      // `cluster("…").database("…")`: the first says that it is elsewhere.
      while (this.accept('.')) {
        const inner = this.placeCall();
        if (place.name !== 'cluster') place = inner;
      }
      return { kind: 'alias', name, place, span: this.spanFrom(start) };
    }
    if (this.is('restrict') && this.is('access', 1)) return this.restriction();
    for (const word of ['declare', 'alias', 'restrict']) {
      if (this.is(word) && this.peek(1).kind === 'name') {
        notSupported(`The statement '${word} ${this.peek(1).text}'`, spanOf(this.peek()));
      }
    }
    if (this.is('.')) return this.command(start);
    const value = this.pipeline();
    return { kind: 'query', value, span: this.spanFrom(start) };
  }

  /** `.show …`, with what follows it; other commands change things, which a query does not. */
  private command(start: number): Statement {
    const dot = this.next();
    const operator = this.is('show') ? this.operators.get('.show') : undefined;
    if (operator === undefined) {
      notSupported(
        `The management command '.${this.peek().text}'`,
        { start: dot.start, end: this.peek().end },
        'Queries read only; of commands, some that begin with .show are answered.',
      );
    }
    this.next();
    const syntax = operator.parse(this, start);
    const source: Expression = { kind: 'leading', operator: syntax, span: syntax.span };
    const value = this.pipelineAfter(source, start);
    return { kind: 'query', value, span: this.spanFrom(start) };
  }

  private placeCall(): Expression & { kind: 'call' } {
    if (this.peek().kind !== 'name' || !this.is('(', 1)) this.unexpected('database(…)');
    const call = this.call();
    return call.kind === 'call' ? call : this.unexpected('database(…)');
  }

  private restriction(): Statement {
    const start = this.start;
    this.at += 2;
    this.expect('to');
    this.expect('(');
    const entities: EntitySyntax[] = [];
    do {
      const place = this.peek().kind === 'name' && this.is('(', 1) ? this.placeCall() : undefined;
      if (place !== undefined) this.expect('.');
      entities.push({ place, pattern: this.wildcardName().text });
    } while (this.accept(','));
    this.expect(')');
    return { kind: 'restrict', entities, span: this.spanFrom(start) };
  }

  private pattern(): Statement {
    const start = this.start;
    this.at += 2;
    const name = this.name("the pattern's name");
    if (!this.is('=')) notSupported('A pattern without cases', name.span);
    this.expect('=');
    const parameters = this.parameters();
    const hasPath = this.accept('[');
    if (hasPath) {
      const at = this.start;
      const path = this.name("the path's name").text;
      this.expect(':');
      const type = this.scalarType();
      parameters.push({
        name: path,
        type,
        columns: [],
        fallback: undefined,
        span: this.spanFrom(at),
      });
      this.expect(']');
    }
    const cases: PatternSyntax['cases'][number][] = [];
    this.expect('{');
    while (!this.is('}')) {
      const at = this.start;
      const values: Expression[] = [];
      this.expect('(');
      do values.push(this.expression());
      while (this.accept(','));
      this.expect(')');
      if (hasPath) {
        this.expect('.');
        this.expect('[');
        values.push(this.expression());
        this.expect(']');
      }
      this.expect('=');
      this.expect('{');
      const body = this.nested(() => this.statements('}'));
      this.expect('}');
      this.accept(';');
      cases.push({ values, body, span: this.spanFrom(at) });
    }
    this.expect('}');
    return { kind: 'pattern', name, parameters, hasPath, cases, span: this.spanFrom(start) };
  }

  private letValue(): Expression {
    const view = this.is('view') && this.is('(', 1);
    if (view) this.next();
    if (this.is('(') && this.isFunctionHead()) return this.functionSyntax(view);
    return this.pipeline();
  }

  /** After `(`: `)` `{`, or `name :` (no expression begins so). */
  private isFunctionHead(): boolean {
    if (this.is(')', 1)) return this.is('{', 2);
    return (
      (this.peek(1).kind === 'name' && this.is(':', 2)) ||
      (this.isBracketedName(1) && this.is(':', 4))
    );
  }

  private functionSyntax(view: boolean): FunctionSyntax {
    const start = this.start;
    const parameters = this.parameters();
    this.expect('{');
    const body = this.nested(() => this.statements('}'));
    this.expect('}');
    return { kind: 'function', parameters, body, view, span: this.spanFrom(start) };
  }

  parameters(): ParameterSyntax[] {
    const parameters: ParameterSyntax[] = [];
    this.expect('(');
    while (!this.is(')')) {
      const start = this.start;
      const name = this.name("a parameter's name").text;
      this.expect(':');
      if (this.accept('(')) {
        const columns = this.columns();
        this.expect(')');
        parameters.push({
          name,
          type: 'tabular',
          columns,
          fallback: undefined,
          span: this.spanFrom(start),
        });
      } else {
        const type = this.scalarType();
        const fallback = this.accept('=') ? this.expression() : undefined;
        parameters.push({ name, type, columns: [], fallback, span: this.spanFrom(start) });
      }
      if (!this.accept(',')) break;
    }
    this.expect(')');
    return parameters;
  }

  // ---- pipelines --------------------------------------------------------------------------

  /** An expression with the operators that follow it, or the expression alone. */
  pipeline(): Expression {
    const start = this.start;
    const source = this.nested(() => this.pipelineSource());
    return this.pipelineAfter(source, start);
  }

  private pipelineAfter(source: Expression, start: number): Expression {
    if (!this.is('|')) return source;
    const operators: OperatorSyntax[] = [];
    while (this.accept('|')) {
      if (operators.length >= pipelineOperatorsMax) {
        problem(
          'KQL_LIMIT',
          `More than ${pipelineOperatorsMax} operators in one pipeline`,
          spanOf(this.peek()),
        );
      }
      const depth = this.depth;
      try {
        operators.push(this.operator());
        if (!this.isPipelineEnd()) this.unexpected("'|' or ';'");
      } catch (error) {
        if (!(error instanceof KqlProblem) || error.code === 'KQL_LIMIT') throw error;
        this.diagnostics.add(error);
        this.depth = depth;
        this.skipTo(true);
      }
    }
    return { kind: 'pipeline', source, operators, span: this.spanFrom(start) };
  }

  private isPipelineEnd(): boolean {
    return (
      this.peek().kind === 'end' ||
      this.is('|') ||
      this.is(';') ||
      this.is(')') ||
      this.is(',') ||
      this.is('}')
    );
  }

  private pipelineSource(): Expression {
    const named = this.operatorName();
    const operator = named === undefined ? undefined : this.operators.get(named.text);
    if (named !== undefined && operator?.leading === true && this.isOperatorStart(named.tokens)) {
      const start = this.start;
      this.at += named.tokens;
      const syntax = operator.parse(this, start);
      return { kind: 'leading', operator: syntax, span: syntax.span };
    }
    return this.expression();
  }

  /** `range` and `print` are also names: `range(…)` is a function, `search = …` a name. */
  private isOperatorStart(tokens: number): boolean {
    const word = this.peek().text;
    const following = this.peek(tokens);
    if (
      following.kind === 'end' ||
      this.is('|', tokens) ||
      this.is('=', tokens) ||
      this.is(';', tokens)
    )
      return false;
    if (word === 'range') return following.kind === 'name' || this.is('[', tokens);
    if (word === 'count') return !this.is('(', tokens);
    return !this.is('.', tokens);
  }

  operator(): OperatorSyntax {
    const start = this.start;
    const named = this.operatorName();
    if (named === undefined) this.unexpected('an operator');
    const operator = this.operators.get(named.text);
    const span = { start, end: this.peek(named.tokens - 1).end };
    if (operator === undefined || !operator.piped) {
      const hint = didYouMean(named.text, this.operators.names());
      problem('SYN0002', `'${named.text}' is not an operator`, span, hint);
    }
    this.at += named.tokens;
    return operator.parse(this, start);
  }

  /** The operator's name ahead, hyphens included, and how many tokens it has. */
  private operatorName(): { text: string; tokens: number } | undefined {
    const first = this.peek();
    if (first.kind !== 'name') return undefined;
    let text = first.text;
    let tokens = 1;
    if (hyphenStarts.has(first.text)) {
      let end = first.end;
      while (
        this.is('-', tokens) &&
        this.peek(tokens).start === end &&
        this.peek(tokens + 1).start === end + 1
      ) {
        const part = this.peek(tokens + 1);
        if (part.kind !== 'name') break;
        const longer = `${text}-${part.text}`;
        text = longer;
        end = part.end;
        tokens += 2;
      }
    }
    return { text, tokens };
  }

  /** `kind=inner hint.strategy=shuffle`: the words that an operator knows, and hints, which it leaves alone. */
  options(known: readonly string[] = []): Map<string, { value: string; span: Span }> {
    const options = new Map<string, { value: string; span: Span }>();
    for (;;) {
      const token = this.peek();
      if (token.kind !== 'name') return options;
      let tokens = 1;
      let name = token.text;
      if (this.is('.', 1) && this.peek(2).kind === 'name') {
        name += `.${this.peek(2).text}`;
        tokens = 3;
      }
      if (!this.is('=', tokens)) return options;
      if (!name.startsWith('hint.') && !known.includes(name)) return options;
      this.at += tokens + 1;
      const value = this.next();
      if (value.kind === 'end') this.unexpected('a value');
      let text = value.kind === 'string' ? value.value : value.text;
      if (value.kind === 'typed') text = value.value;
      options.set(name, { value: text, span: this.spanFrom(token.start) });
      this.accept(',');
    }
  }

  // ---- expressions ------------------------------------------------------------------------

  expressions(): Expression[] {
    const list = [this.expression()];
    while (this.accept(',')) list.push(this.expression());
    return list;
  }

  namedExpressions(): NamedExpression[] {
    const list = [this.namedExpression()];
    while (this.accept(',')) list.push(this.namedExpression());
    return list;
  }

  /** `expr`, `Name = expr`, `(a, b) = expr`. */
  namedExpression(): NamedExpression {
    const start = this.start;
    if (this.peek().kind === 'name' && this.is('=', 1)) {
      const names = [this.name()];
      this.next();
      return { names, value: this.expression(), span: this.spanFrom(start) };
    }
    if (this.isBracketedName() && this.is('=', 3)) {
      const names = [this.name()];
      this.next();
      return { names, value: this.expression(), span: this.spanFrom(start) };
    }
    if (this.is('(') && this.isNameTuple()) {
      this.next();
      const names = [this.name()];
      while (this.accept(',')) names.push(this.name());
      this.expect(')');
      this.expect('=');
      return { names, value: this.expression(), span: this.spanFrom(start) };
    }
    return { names: [], value: this.expression(), span: this.spanFrom(start) };
  }

  private isNameTuple(): boolean {
    let ahead = 1;
    for (;;) {
      if (this.peek(ahead).kind === 'name') ahead += 1;
      else if (this.isBracketedName(ahead)) ahead += 3;
      else return false;
      if (this.is(')', ahead)) return this.is('=', ahead + 1);
      if (!this.is(',', ahead)) return false;
      ahead += 1;
    }
  }

  expression(): Expression {
    return this.nested(() => this.or());
  }

  /** A condition, in which published queries write `=` for `==`, and the service reads it so. */
  condition(): Expression {
    const before = this.equalsCompares;
    this.equalsCompares = true;
    try {
      return this.expression();
    } finally {
      this.equalsCompares = before;
    }
  }

  private or(): Expression {
    return this.logical('or', () => this.and());
  }

  private and(): Expression {
    return this.logical('and', () => this.comparison());
  }

  private logical(operator: 'and' | 'or', operand: () => Expression): Expression {
    const start = this.start;
    const first = operand();
    if (!this.is(operator)) return first;
    const terms = [first];
    while (this.accept(operator)) terms.push(operand());
    return { kind: 'logical', operator, terms, span: this.spanFrom(start) };
  }

  private comparison(): Expression {
    const start = this.start;
    let left = this.additive();
    for (let chained = 0; ; chained++) {
      const made = this.comparisonAfter(left, start);
      if (made === undefined) return left;
      if (chained > nestingMax)
        problem('KQL_LIMIT', `More than ${nestingMax} comparisons in a row`, made.span);
      left = made;
    }
  }

  private comparisonAfter(left: Expression, start: number): Expression | undefined {
    const token = this.peek();
    if (token.kind === 'punctuation') {
      switch (token.text) {
        case '==':
        case '!=':
        case '<':
        case '<=':
        case '>':
        case '>=':
        case '=~':
        case '!~':
        case ':': {
          this.next();
          return this.binary(token.text, left, this.additive(), start);
        }
        case '=': {
          if (!this.equalsCompares) return undefined;
          this.next();
          return this.binary('==', left, this.additive(), start);
        }
        case '<>': {
          this.next();
          return this.binary('!=', left, this.additive(), start);
        }
        case '!': {
          const word = this.peek(1);
          if (word.kind !== 'name' || word.start !== token.end) return undefined;
          const plain = operatorAliases[word.text] ?? word.text;
          if (stringOperators.has(plain)) {
            this.at += 2;
            return this.binary(`!${plain}` as BinaryOperator, left, this.additive(), start);
          }
          if (plain === 'between') {
            this.at += 2;
            return this.between(left, true, start);
          }
          if (plain === 'in') {
            this.at += 2;
            return this.list(this.tilde() ? '!in~' : '!in', left, start);
          }
          return undefined;
        }
        default:
          return undefined;
      }
    }
    if (token.kind !== 'name') return undefined;
    const plain = operatorAliases[token.text] ?? token.text;
    if (stringOperators.has(plain)) {
      this.next();
      return this.binary(plain as BinaryOperator, left, this.additive(), start);
    }
    switch (plain) {
      case 'between':
        this.next();
        return this.between(left, false, start);
      case 'in':
        this.next();
        return this.list(this.tilde() ? 'in~' : 'in', left, start);
      case 'has_any':
      case 'has_all':
        this.next();
        return this.list(plain, left, start);
      case 'matches':
        if (!this.is('regex', 1)) return undefined;
        this.at += 2;
        return this.binary('matches regex', left, this.additive(), start);
      case 'like':
      case 'notlike':
        if (this.peek(1).kind === 'string') notSupported(`The '${plain}' operator`, spanOf(token));
        return undefined;
      default:
        return undefined;
    }
  }

  private tilde(): boolean {
    if (!this.is('~') || this.peek().start !== this.spanFrom(0).end) return false;
    this.next();
    return true;
  }

  private binary(
    operator: BinaryOperator,
    left: Expression,
    right: Expression,
    start: number,
  ): Expression {
    return { kind: 'binary', operator, left, right, span: this.spanFrom(start) };
  }

  private between(value: Expression, negated: boolean, start: number): Expression {
    this.expect('(');
    const low = this.expression();
    this.expect('..');
    const high = this.expression();
    this.expect(')');
    return { kind: 'between', negated, value, low, high, span: this.spanFrom(start) };
  }

  private list(operator: ListOperator, value: Expression, start: number): Expression {
    const items: Expression[] = [];
    if (this.accept('(')) {
      if (!this.is(')')) {
        do items.push(this.pipeline());
        while (this.accept(','));
      }
      this.expect(')');
    } else {
      // `x in Names` and `x has_any dynamic([…])` stand without brackets too.
      items.push(this.unary());
    }
    return { kind: 'list', operator, value, items, span: this.spanFrom(start) };
  }

  private additive(): Expression {
    return this.leftChain(['+', '-'], () => this.multiplicative());
  }

  private multiplicative(): Expression {
    return this.leftChain(['*', '/', '%'], () => this.unary());
  }

  private leftChain(operators: readonly string[], operand: () => Expression): Expression {
    const start = this.start;
    let left = operand();
    for (let chained = 0; ; chained++) {
      const token = this.peek();
      if (token.kind !== 'punctuation' || !operators.includes(token.text)) return left;
      if (chained >= nestingMax) {
        problem('KQL_LIMIT', `More than ${nestingMax} operators in a row`, spanOf(token));
      }
      this.next();
      left = this.binary(token.text as BinaryOperator, left, operand(), start);
    }
  }

  private unary(): Expression {
    const token = this.peek();
    if (this.is('-') || this.is('+')) {
      this.next();
      const following = this.peek();
      // A sign directly before a number belongs to it, so that the least long can be written.
      if (token.text === '-' && (following.kind === 'long' || following.kind === 'real')) {
        this.next();
        const literal = numberLiteral(following, true, token.start);
        return this.postfix(literal, token.start);
      }
      const value = this.nested(() => this.unary());
      if (token.text === '+') return value;
      return { kind: 'negate', value, span: this.spanFrom(token.start) };
    }
    return this.postfix(this.primary(), token.start);
  }

  private postfix(target: Expression, start: number): Expression {
    let value = target;
    for (let chained = 0; ; chained++) {
      if (chained > nestingMax) {
        problem('KQL_LIMIT', `A path of more than ${nestingMax} parts`, spanOf(this.peek()));
      }
      if (this.is('.') && !this.is('.', 1)) {
        this.next();
        if (this.isBracketedName()) {
          const name = this.name().text;
          value = { kind: 'member', target: value, name, span: this.spanFrom(start) };
          continue;
        }
        if (this.is('[')) continue;
        const token = this.peek();
        if (token.kind !== 'name' && token.kind !== 'typed') this.unexpected('a property name');
        if (token.kind === 'name' && this.is('(', 1)) {
          const call = this.call();
          value = { kind: 'member', target: value, name: token.text, span: call.span };
          problem(
            'SYN0002',
            'A function cannot be called on a value here',
            call.span,
            `Write ${token.text}(…) around the value.`,
          );
        }
        const name = this.name('a property name').text;
        value = { kind: 'member', target: value, name, span: this.spanFrom(start) };
      } else if (this.is('[')) {
        this.next();
        const index = this.expression();
        this.expect(']');
        value = { kind: 'index', target: value, index, span: this.spanFrom(start) };
      } else return value;
    }
  }

  private primary(): Expression {
    const token = this.peek();
    switch (token.kind) {
      case 'long':
      case 'real':
        this.next();
        return numberLiteral(token, false, token.start);
      case 'timespan': {
        this.next();
        const ticks = ticksOf(token.value, token.text);
        if (ticks === undefined) problem('SYN0003', 'The timespan is out of range', spanOf(token));
        return { kind: 'literal', type: 'timespan', value: ticks, span: spanOf(token) };
      }
      case 'string': {
        this.next();
        let value = token.value;
        // Strings that stand side by side are one.
        while (this.peek().kind === 'string') value += this.next().value;
        return { kind: 'literal', type: 'string', value, span: this.spanFrom(token.start) };
      }
      case 'typed':
        this.next();
        return typedLiteral(token);
      case 'name':
        return this.nameOrCall(token);
      case 'end':
        return this.unexpected('an expression');
      case 'punctuation':
        break;
    }
    if (this.is('(')) {
      this.next();
      const inner = this.pipeline();
      this.expect(')');
      return inner;
    }
    if (this.is('*')) {
      this.next();
      return { kind: 'star', span: spanOf(token) };
    }
    if (this.isBracketedName()) {
      const name = this.name();
      return { kind: 'name', name: name.text, span: name.span };
    }
    if (this.is('[') || this.is('{')) {
      problem('SYN0002', `Write dynamic(${token.text}…) for a value like this`, spanOf(token));
    }
    this.unexpected('an expression');
  }

  private nameOrCall(token: Token): Expression {
    const lower = token.text.toLowerCase();
    if (this.is('(', 1)) {
      if (token.text === 'dynamic') {
        this.at += 2;
        const value = this.dynamicValue();
        this.expect(')');
        // A dynamic null is the empty text (see sql/storage.ts).
        return {
          kind: 'literal',
          type: 'dynamic',
          value: value === 'null' ? null : value,
          span: this.spanFrom(token.start),
        };
      }
      if (token.text === 'typeof') {
        this.at += 2;
        const types: ColumnSyntax[] = [];
        while (!this.is(')')) {
          const start = this.start;
          if (this.accept('*')) {
            this.accept(',');
            continue;
          }
          if (this.is(':', 1) || this.isBracketedName()) {
            const name = this.name().text;
            this.expect(':');
            types.push({ name, type: this.scalarType(), span: this.spanFrom(start) });
          } else types.push({ name: '', type: this.scalarType(), span: this.spanFrom(start) });
          if (!this.accept(',')) break;
        }
        this.expect(')');
        return { kind: 'typeof', types, span: this.spanFrom(token.start) };
      }
      return this.call();
    }
    if (lower === 'true' || lower === 'false') {
      this.next();
      return { kind: 'literal', type: 'bool', value: lower === 'true', span: spanOf(token) };
    }
    // Leading operators may stand wherever a table may: `join (union A, B)`, `f(datatable(…)[…])`.
    if (lower === 'datatable' || lower === 'externaldata') {
      const operator = this.operators.get(lower);
      if (operator !== undefined) {
        this.next();
        const syntax = operator.parse(this, token.start);
        return { kind: 'leading', operator: syntax, span: syntax.span };
      }
    }
    this.next();
    return { kind: 'name', name: token.text, span: spanOf(token) };
  }

  private call(): Expression {
    const token = this.next();
    // `datatable (…)[…]` and `externaldata (…)[…]` look like calls.
    const operator =
      token.text === 'datatable' || token.text === 'externaldata'
        ? this.operators.get(token.text)
        : undefined;
    if (operator !== undefined) {
      const syntax = operator.parse(this, token.start);
      return { kind: 'leading', operator: syntax, span: syntax.span };
    }
    this.expect('(');
    const args: NamedExpression[] = [];
    if (!this.is(')')) {
      do args.push(this.argument());
      while (this.accept(','));
    }
    this.expect(')');
    return {
      kind: 'call',
      name: token.text,
      nameSpan: spanOf(token),
      args,
      span: this.spanFrom(token.start),
    };
  }

  /** An argument may be a table with its operators (`toscalar(T | count)`), and may be named. */
  private argument(): NamedExpression {
    const start = this.start;
    if (
      (this.peek().kind === 'name' && this.is('=', 1)) ||
      (this.isBracketedName() && this.is('=', 3))
    ) {
      const names = [this.name()];
      this.next();
      return { names, value: this.pipeline(), span: this.spanFrom(start) };
    }
    return { names: [], value: this.pipeline(), span: this.spanFrom(start) };
  }

  // ---- dynamic literals ---------------------------------------------------------------------

  /** A JSON value with KQL's literals in it, as JSON text without white space. */
  private dynamicValue(): string {
    return this.nested(() => this.dynamicBare());
  }

  private dynamicBare(): string {
    const token = this.peek();
    if (this.accept('[')) {
      const items: string[] = [];
      while (!this.is(']')) {
        items.push(this.dynamicValue());
        if (!this.accept(',')) break;
      }
      this.expect(']');
      return `[${items.join(',')}]`;
    }
    if (this.accept('{')) {
      const items: string[] = [];
      while (!this.is('}')) {
        const key = this.next();
        if (key.kind !== 'string' && key.kind !== 'name') {
          problem('SYN0002', 'Expected a property name', spanOf(key));
        }
        this.expect(':');
        items.push(`${JSON.stringify(key.value)}:${this.dynamicValue()}`);
        if (!this.accept(',')) break;
      }
      this.expect('}');
      return `{${items.join(',')}}`;
    }
    const negative = this.accept('-');
    if (!negative) this.accept('+');
    const value = this.next();
    switch (value.kind) {
      case 'string': {
        if (negative) break;
        return JSON.stringify(value.value);
      }
      case 'long':
      case 'real': {
        const literal = numberLiteral(value, negative, token.start);
        return literal.kind === 'literal' ? jsonOf(literal.type, literal.value) : 'null';
      }
      case 'timespan':
      case 'typed': {
        const literal =
          value.kind === 'typed'
            ? typedLiteral(value)
            : ({
                kind: 'literal',
                type: 'timespan',
                value: ticksOf(value.value, value.text) ?? null,
                span: spanOf(value),
              } as const);
        if (literal.kind === 'literal') return jsonOf(literal.type, literal.value);
        break;
      }
      case 'name': {
        const lower = value.text.toLowerCase();
        if (lower === 'true' || lower === 'false' || lower === 'null') return lower;
        if (value.text === 'dynamic' && this.accept('(')) {
          const inner = this.dynamicValue();
          this.expect(')');
          return inner;
        }
        break;
      }
      case 'punctuation':
      case 'end':
        break;
    }
    problem('SYN0002', 'Expected a JSON value', spanOf(value), 'Text stands in quotation marks.');
  }
}

function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function numberLiteral(token: Token, negative: boolean, start: number): Expression {
  const span = { start, end: token.end };
  if (token.kind === 'real') {
    const value = Number(token.value) * (negative ? -1 : 1);
    return { kind: 'literal', type: 'real', value, span };
  }
  const value = parseLong((negative ? '-' : '') + token.text);
  if (value === undefined) problem('SYN0003', `'${shorten(token.text)}' does not fit a long`, span);
  return { kind: 'literal', type: 'long', value, span };
}

function typedLiteral(token: Token): Expression {
  const span = spanOf(token);
  const type = typeNamed(token.text) ?? 'string';
  const quoted = /^@?(["'])(.*)\1$/s.exec(token.value);
  const body = (quoted?.[2] ?? token.value).trim();
  const made = (value: ConstantValue): Expression => ({ kind: 'literal', type, value, span });
  if (body === 'null' || (body === '' && quoted === null)) return made(null);
  let value: ConstantValue | undefined;
  switch (type) {
    case 'bool':
      if (/^(true|1)$/i.test(body)) value = true;
      else if (/^(false|0)$/i.test(body)) value = false;
      break;
    case 'datetime':
      value = parseDatetime(body);
      if (value === undefined && /^\d{1,2}:\d{2}(:|$)/.test(body)) {
        const time = parseTimespan(body);
        if (time !== undefined && time < ticksPerDay) return todayAt(time, span);
      }
      break;
    case 'timespan':
      value = parseTimespan(body);
      break;
    case 'guid':
      value = parseGuid(body);
      break;
    case 'int': {
      const parsed = parseLong(body);
      if (parsed !== undefined && parsed >= -(2n ** 31n) && parsed < 2n ** 31n) value = parsed;
      break;
    }
    case 'long':
      value = parseLong(body);
      break;
    case 'real':
      value = parseReal(body);
      break;
    case 'decimal':
      value = parseDecimal(body);
      break;
    case 'dynamic':
    case 'string':
      break;
  }
  // `long(x)` with a column in it is a call in no KQL; the message says what to write instead.
  if (value === undefined) {
    problem(
      'SYN0003',
      `'${shorten(body)}' is not a ${type}`,
      span,
      `To convert a value, write to${type}(…).`,
    );
  }
  return made(value);
}

/** `datetime(8:00)`: that time of the day on which the query runs. */
function todayAt(time: bigint, span: Span): Expression {
  const call = (name: string, args: readonly Expression[]): Expression => ({
    kind: 'call',
    name,
    nameSpan: span,
    args: args.map((value) => ({ names: [], value, span })),
    span,
  });
  return {
    kind: 'binary',
    operator: '+',
    left: call('startofday', [call('now', [])]),
    right: { kind: 'literal', type: 'timespan', value: time, span },
    span,
  };
}

/** A literal inside `dynamic(…)` as JSON. */
function jsonOf(type: ScalarType, value: ConstantValue): string {
  if (value === null) return 'null';
  switch (type) {
    case 'bool':
      return value === true ? 'true' : 'false';
    case 'long':
    case 'int':
      return String(value);
    case 'real':
      return typeof value === 'number' && Number.isFinite(value) ? jsonReal(value) : 'null';
    case 'decimal':
      return String(value);
    case 'datetime':
      return JSON.stringify(typeof value === 'bigint' ? formatDatetime(value) : '');
    case 'timespan':
      return JSON.stringify(typeof value === 'bigint' ? formatTimespan(value) : '');
    case 'guid':
    case 'string':
    case 'dynamic':
      return JSON.stringify(String(value));
  }
}

/** A real as JSON, with a point so that it stays one: `1.0`. */
export function jsonReal(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const dayTicks = 864_000_000_000n;

/** `2020-01-02T03:04:05.1234567Z`, as `tostring` gives it. */
export function formatDatetime(ticks: bigint): string {
  const sinceEpoch = ticks - 621_355_968_000_000_000n;
  const milliseconds = (sinceEpoch - (((sinceEpoch % 10_000n) + 10_000n) % 10_000n)) / 10_000n;
  const rest = sinceEpoch - milliseconds * 10_000n;
  const iso = new Date(Number(milliseconds)).toISOString();
  return `${iso.slice(0, -1)}${String(rest).padStart(4, '0')}Z`;
}

/** `[-][d.]hh:mm:ss[.fffffff]`. */
export function formatTimespan(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const two = (value: bigint): string => String(value).padStart(2, '0');
  const days = size / dayTicks;
  const fraction = size % 10_000_000n;
  return (
    (ticks < 0n ? '-' : '') +
    (days > 0n ? `${days}.` : '') +
    `${two((size / 36_000_000_000n) % 24n)}:${two((size / 600_000_000n) % 60n)}:${two((size / 10_000_000n) % 60n)}` +
    (fraction > 0n ? `.${String(fraction).padStart(7, '0')}` : '')
  );
}

export type { Pipeline };
