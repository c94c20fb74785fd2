/** Reads the `takes` texts of the tables, once each, and fits arguments to them. */

import { invariant } from '@strongroom/base';
import type { ScalarType } from '@strongroom/sql';
import type { Bound } from './bound.js';

export type ParameterType =
  | ScalarType
  | 'scalar'
  | 'text'
  /** Any value, taken as its text. */
  | 'printable'
  | 'integer'
  | 'number'
  | 'summable'
  | 'orderable'
  | 'common'
  /** All of one type, or numbers. */
  | 'alike'
  | 'type';

export interface Signature {
  readonly parameters: readonly ParameterType[];
  readonly required: number;
  /** The last parameter may be given any number of times. */
  readonly repeats: boolean;
}

const read = new Map<string, Signature>();

export function signature(takes: string): Signature {
  let made = read.get(takes);
  if (made === undefined) {
    const parts = takes === '' ? [] : takes.split(',').map((part) => part.trim());
    const repeats = parts.at(-1)?.endsWith('...') ?? false;
    const optional = parts.filter((part) => part.endsWith('?')).length;
    made = {
      parameters: parts.map((part) => part.replace(/\?$|\.\.\.$/, '') as ParameterType),
      required: parts.length - optional,
      repeats,
    };
    invariant(
      parts.every((part) => part !== ''),
      `a signature with an empty part: ${takes}`,
    );
    read.set(takes, made);
  }
  return made;
}

export function parameterAt(of: Signature, index: number): ParameterType | undefined {
  return of.parameters[index] ?? (of.repeats ? of.parameters.at(-1) : undefined);
}

export function countFits(of: Signature, count: number): boolean {
  return count >= of.required && (of.repeats || count <= of.parameters.length);
}

const numeric = new Set<ScalarType>(['int', 'long', 'real', 'decimal']);

export function isNumeric(type: ScalarType): boolean {
  return numeric.has(type);
}

/**
 * 0 = as it is, 1 = by a widening, 2 = by a conversion that KQL makes unasked; undefined = no. What
 * KQL converts unasked is little: a dynamic where text is wanted, and one number to another.
 */
export function fit(arg: Bound, wanted: ParameterType): number | undefined {
  const type = arg.type;
  if (wanted === type) return 0;
  switch (wanted) {
    case 'scalar':
    case 'common':
    case 'alike':
      return 0;
    case 'printable':
      return 1;
    case 'text':
      return type === 'string' ? 0 : type === 'dynamic' ? 2 : undefined;
    case 'integer':
      return type === 'int' || type === 'long' ? 0 : undefined;
    case 'number':
      return isNumeric(type) ? 0 : undefined;
    case 'summable':
      return isNumeric(type) || type === 'timespan' ? 0 : undefined;
    case 'orderable':
      return type === 'dynamic' || type === 'guid' ? undefined : 0;
    case 'long':
      return type === 'int' ? 1 : undefined;
    case 'int':
      return type === 'long' ? 1 : undefined;
    case 'real':
    case 'decimal':
      return isNumeric(type) ? 1 : undefined;
    case 'type':
    case 'dynamic':
    case 'string':
    case 'bool':
    case 'datetime':
    case 'timespan':
    case 'guid':
      return undefined;
  }
}
