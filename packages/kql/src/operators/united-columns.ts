/**
 * The columns of a union: one for each name and type, in the order of their appearance. Found once
 * for the same tables (`union *` of a workspace with hundreds of them).
 */

import type { ScalarType } from '@strongroom/sql';
import { constant, reference, type Bound, type Column } from '../semantics/bound.js';
import { freeName, type VisibleColumn } from '../semantics/relation.js';

export interface UnitedColumn {
  readonly name: string;
  readonly type: ScalarType;
  readonly nullable: boolean;
  /** Inputs that have it. */
  readonly holders: readonly number[];
}

export interface UnitedColumns {
  readonly columns: readonly UnitedColumn[];
  /** For each input, the values of the columns that it has, by the columns' index. */
  readonly values: readonly ReadonlyMap<number, Bound>[];
}

interface Known {
  readonly inputs: readonly (readonly VisibleColumn[])[];
  readonly onlyCommon: boolean;
  readonly made: UnitedColumns;
}

const known = new WeakMap<readonly VisibleColumn[], Known>();

export function unitedColumns(
  inputs: readonly (readonly VisibleColumn[])[],
  onlyCommon: boolean,
): UnitedColumns {
  const [first] = inputs;
  const before = first === undefined ? undefined : known.get(first);
  if (
    before !== undefined &&
    before.onlyCommon === onlyCommon &&
    before.inputs.length === inputs.length &&
    before.inputs.every((each, index) => each === inputs[index])
  )
    return before.made;
  const made = find(inputs, onlyCommon);
  if (first !== undefined) known.set(first, { inputs, onlyCommon, made });
  return made;
}

interface Occurrence {
  readonly type: ScalarType;
  nullable: boolean;
  readonly of: { readonly index: number; readonly column: Column }[];
}

function find(inputs: readonly (readonly VisibleColumn[])[], onlyCommon: boolean): UnitedColumns {
  const byName = new Map<string, Occurrence[]>();
  for (const [index, input] of inputs.entries()) {
    for (const { name, column } of input) {
      let list = byName.get(name);
      if (list === undefined) byName.set(name, (list = []));
      let one = list.find((other) => other.type === column.type);
      if (one === undefined) list.push((one = { type: column.type, nullable: false, of: [] }));
      if (column.nullable) one.nullable = true;
      // Of two columns of one name in one input, the last counts.
      if (one.of.at(-1)?.index === index) one.of.pop();
      one.of.push({ index, column });
    }
  }
  const taken = new Set<string>();
  const columns: UnitedColumn[] = [];
  const values = inputs.map(() => new Map<number, Bound>());
  for (const [name, list] of byName) {
    if (
      onlyCommon &&
      new Set(list.flatMap((each) => each.of.map((one) => one.index))).size < inputs.length
    )
      continue;
    for (const { type, nullable, of } of list) {
      const free = freeName(taken, list.length === 1 ? name : `${name}_${type}`);
      taken.add(free);
      for (const { index, column } of of) values[index]?.set(columns.length, reference(column));
      columns.push({
        name: free,
        type,
        nullable: nullable || of.length < inputs.length,
        holders: of.map((each) => each.index),
      });
    }
  }
  return { columns, values };
}

const nulls = new Map<ScalarType, Bound>();

/** What stands where an input lacks a column. */
export function absent(type: ScalarType): Bound {
  let made = nulls.get(type);
  if (made === undefined) nulls.set(type, (made = constant(type, null)));
  return made;
}
