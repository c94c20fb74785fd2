/**
 * `buildschema`: the least schema that admits all values. The engine makes each value's shape, a text
 * that all values of the same form share, and gathers the different ones; here they become a schema.
 *
 * A shape is JSON with a mark in place of each value: `#` for a whole number, `.#`, `e#` or `.e#` for
 * another, `"#` for a text; a member's name is followed by `:#`.
 */

import { bound, call, text, type Expression as Sql } from '@strongroom/sql';
import { computedRow, type FunctionRow } from './row.js';

const values =
  '("(?:[^"\\\\]|\\\\.)*"\\s*:)|"(?:[^"\\\\]|\\\\.)*(")|-?\\d+(?:(\\.)\\d+)?(?:([eE])[-+]?\\d+)?';

export function shapeOf(json: Sql): Sql {
  return call('replaceRegexpAll', json, bound(values), text('\\1\\2\\3\\4#'));
}

interface Schema {
  readonly primitives: Set<string>;
  /** A bag's members, or an array's elements under the name `indexer`. */
  members: Map<string, Schema> | undefined;
}

const indexer = '`indexer`';
const primitivesInOrder = ['long', 'double', 'bool', 'string'];

const empty = (): Schema => ({ primitives: new Set(), members: undefined });

class ShapeReader {
  private readonly shape: string;
  private at = 0;

  constructor(shape: string) {
    this.shape = shape;
  }

  private take(sign: string): boolean {
    this.space();
    if (!this.shape.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  private space(): void {
    while (/\s/.test(this.shape[this.at] ?? 'x')) this.at++;
  }

  /** Widens `into` by the next value. */
  value(into: Schema): void {
    if (this.take('{')) this.members(into);
    else if (this.take('[')) this.elements(into);
    else if (this.take('"#')) into.primitives.add('string');
    else if (this.take('#')) into.primitives.add('long');
    else if (this.take('true') || this.take('false')) into.primitives.add('bool');
    else if (this.take('null')) return;
    else {
      this.at = this.shape.indexOf('#', this.at) + 1;
      into.primitives.add('double');
    }
  }

  private members(into: Schema): void {
    const members = (into.members ??= new Map<string, Schema>());
    while (!this.take('}')) {
      this.take(',');
      this.space();
      const name = /"(?:[^"\\]|\\.)*"/y;
      name.lastIndex = this.at;
      const found = name.exec(this.shape)?.[0];
      if (found === undefined) return;
      this.at += found.length;
      this.take(':');
      this.take('#');
      this.value(memberOf(members, String(JSON.parse(found))));
    }
  }

  private elements(into: Schema): void {
    const members = (into.members ??= new Map<string, Schema>());
    const element = memberOf(members, indexer);
    while (!this.take(']')) {
      if (this.at >= this.shape.length) return;
      this.take(',');
      this.value(element);
    }
  }
}

function memberOf(members: Map<string, Schema>, name: string): Schema {
  let member = members.get(name);
  if (member === undefined) members.set(name, (member = empty()));
  return member;
}

function schemaText({ primitives, members }: Schema): string {
  const types = primitivesInOrder
    .filter((each) => primitives.has(each))
    .map((each) => JSON.stringify(each));
  if (members !== undefined) {
    const parts = [...members].map(([name, of]) => `${JSON.stringify(name)}:${schemaText(of)}`);
    types.push(`{${parts.join(',')}}`);
  }
  return types.length === 1 ? (types[0] ?? '') : `[${types.join(',')}]`;
}

/** Of a JSON list of shapes; null where there is no value. */
export function schemaOfShapes(list: string): string | null {
  const shapes = JSON.parse(list) as unknown[];
  const schema = empty();
  // Any order of the rows gives the same.
  const texts = shapes.filter((each) => typeof each === 'string').sort();
  for (const shape of texts) new ShapeReader(shape).value(schema);
  return texts.length === 0 ? null : schemaText(schema);
}

/** What the aggregate's list becomes. */
export const schemaRow: FunctionRow = computedRow({
  name: '$schema',
  takes: 'dynamic',
  gives: 'dynamic',
  of: ([list]) => (list === null || list === undefined ? null : schemaOfShapes(String(list))),
});
