/**
 * KQL text to a Statement.
 *
 *   text ── syntax/ ──> tree ── semantics/ + operators/ ──> plan ── lower/ ──> SQL tree ── sql ──> Statement
 *            lex, parse          names, types, columns               clauses,            print
 *            several problems    functions/ aggregates/              wire encoding
 *
 * Where binding needs to know the data (`pivot`'s columns), it asks: inquiry.ts runs a bounded statement
 * through the caller and binds again with the answer, until the rest is a Statement.
 *
 * A function is a row in `functions/` or `aggregates/`, an operator a file in `operators/`.
 */

export { compile, compileAsking, compileTransform } from './compile.js';
export type {
  CompileOptions,
  CompileResult,
  CompiledQuery,
  TransformOptions,
  TransformResult,
} from './compile.js';
export { formatQuery } from './format.js';
export type { FormatResult } from './format.js';
export type { Ask, Inquiry } from './inquiry.js';
export type { Diagnostic } from './diagnostics.js';
export type { KqlCode } from './errors.js';
export { kqlCodes } from './errors.js';
export type { OtherWorkspace, StoredFunction, TableCatalog } from './semantics/binder.js';
export type { Visualization } from './semantics/relation.js';
export { queryCharsMax } from './limits.js';
export { resultSettings } from './lower/encode.js';
