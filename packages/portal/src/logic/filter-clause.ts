import { quotedName } from './query-text.js';
import type { ResultColumn } from './values.js';
import { structureOf } from './values.js';

/** Text as a KQL string literal. */
export function stringLiteral(text: string): string {
  return JSON.stringify(text);
}

/** A condition that keeps (or leaves out) rows with this value in this column. */
export function conditionOf(column: ResultColumn, value: unknown, keep: boolean): string {
  const name = quotedName(column.name);
  const operator = keep ? '==' : '!=';
  if (value === null || value === undefined)
    return `${keep ? '' : 'not('}isnull(${name})${keep ? '' : ')'}`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  switch (column.type) {
    case 'long':
    case 'int':
    case 'bool':
      return `${name} ${operator} ${text}`;
    case 'real':
      return `${name} ${operator} ${/^-?\d/.test(text) ? text : `real(${text})`}`;
    case 'datetime':
    case 'timespan':
    case 'guid':
    case 'decimal':
      return `${name} ${operator} ${column.type}(${text})`;
    case 'dynamic':
      return structureOf(value, 'dynamic')
        ? `tostring(${name}) ${operator} ${stringLiteral(text)}`
        : `${name} ${operator} ${stringLiteral(text)}`;
    default:
      return `${name} ${operator} ${stringLiteral(text)}`;
  }
}

/** The query with one more condition: at its end, but before a closing `render`. */
export function withCondition(query: string, condition: string): string {
  const trimmed = query.trimEnd().replace(/;$/, '');
  const render = /\s*\|\s*render\b[^|]*$/.exec(trimmed);
  const head = render ? trimmed.slice(0, render.index) : trimmed;
  return `${head}\n| where ${condition}${render ? `\n${render[0].trimStart()}` : ''}`;
}
