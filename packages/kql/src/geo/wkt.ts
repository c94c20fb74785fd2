/**
 * Well-known text (OGC 06-103r4 §7) to GeoJSON: points, lines, polygons, several of them, and
 * collections, in longitude and latitude. Third coordinates and what is empty are no shapes here.
 */

import { wktNestingMax } from '../limits.js';

type Geometry =
  | { readonly type: string; readonly coordinates: unknown }
  | { readonly type: 'GeometryCollection'; readonly geometries: readonly Geometry[] };

const kinds: Readonly<Record<string, string>> = {
  POINT: 'Point',
  LINESTRING: 'LineString',
  POLYGON: 'Polygon',
  MULTIPOINT: 'MultiPoint',
  MULTILINESTRING: 'MultiLineString',
  MULTIPOLYGON: 'MultiPolygon',
};

const token = /\s*([A-Za-z]+|[(),]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/y;

/** Thrown within this file only. */
class NotWkt extends Error {}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  private next(): string | undefined {
    token.lastIndex = this.at;
    return token.exec(this.text)?.[1];
  }

  take(): string {
    token.lastIndex = this.at;
    const found = token.exec(this.text)?.[1];
    if (found === undefined) throw new NotWkt();
    this.at = token.lastIndex;
    return found;
  }

  expect(wanted: string): void {
    if (this.take() !== wanted) throw new NotWkt();
  }

  /** In brackets, one or more, with commas between. */
  list<T>(read: () => T): T[] {
    this.expect('(');
    const parts = [read()];
    for (let after = this.take(); after !== ')'; after = this.take()) {
      if (after !== ',') throw new NotWkt();
      parts.push(read());
    }
    return parts;
  }

  private number(limit: number): number {
    const text = this.take();
    const value = Number(text);
    if (!/^[-+.\d]/.test(text) || !(Math.abs(value) <= limit)) throw new NotWkt();
    return value;
  }

  position(): readonly number[] {
    return [this.number(180), this.number(90)];
  }

  /** A point of several may stand in brackets of its own. */
  private maybeBracketed(): readonly number[] {
    if (this.next() !== '(') return this.position();
    this.expect('(');
    const position = this.position();
    this.expect(')');
    return position;
  }

  geometry(depth = 0): Geometry {
    if (depth > wktNestingMax) throw new NotWkt();
    const name = this.take().toUpperCase();
    if (name === 'GEOMETRYCOLLECTION') {
      const geometries = this.list(() => this.geometry(depth + 1));
      return { type: 'GeometryCollection', geometries };
    }
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw new NotWkt();
    return { type: kind, coordinates: this.coordinates(name) };
  }

  private coordinates(name: string): unknown {
    switch (name) {
      case 'POINT': {
        const [point, ...others] = this.list(() => this.position());
        if (others.length > 0) throw new NotWkt();
        return point;
      }
      case 'MULTIPOINT':
        return this.list(() => this.maybeBracketed());
      case 'LINESTRING':
        return this.line(2);
      case 'MULTILINESTRING':
        return this.list(() => this.line(2));
      case 'POLYGON':
        return this.rings();
      default:
        return this.list(() => this.rings());
    }
  }

  private line(countMin: number): readonly (readonly number[])[] {
    const line = this.list(() => this.position());
    if (line.length < countMin) throw new NotWkt();
    return line;
  }

  private rings(): unknown {
    return this.list(() => {
      const ring = this.line(4);
      const [first, last] = [ring[0] ?? [], ring.at(-1) ?? []];
      if (first[0] !== last[0] || first[1] !== last[1]) throw new NotWkt();
      return ring;
    });
  }

  isAtEnd(): boolean {
    return this.text.slice(this.at).trim() === '';
  }
}

/** Undefined of what is no such text. */
export function geoJsonOfWkt(text: string): string | undefined {
  const reader = new Reader(text);
  try {
    const geometry = reader.geometry();
    return reader.isAtEnd() ? JSON.stringify(geometry) : undefined;
  } catch (error) {
    if (error instanceof NotWkt) return undefined;
    throw error;
  }
}
