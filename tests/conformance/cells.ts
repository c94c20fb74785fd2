/** Compares documented cells with the engine's, as `../shared/kql/README.md` says. */

export type Cell = string | number | boolean | null;

const ticksPerDay = 864_000_000_000n;

function datetimeTicks(text: string): bigint | undefined {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?\s*Z?$/.exec(
      text.trim(),
    );
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year ?? 0, (month ?? 1) - 1, day ?? 1);
  date.setUTCHours(hour ?? 0, minute ?? 0, second ?? 0, 0);
  return BigInt(date.getTime()) * 10_000n + BigInt((match[7] ?? '').padEnd(7, '0'));
}

function timespanTicks(text: string): bigint | undefined {
  const match = /^(-?)(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const size =
    BigInt(match[2] ?? 0) * ticksPerDay +
    (BigInt(match[3] ?? 0) * 3600n + BigInt(match[4] ?? 0) * 60n + BigInt(match[5] ?? 0)) *
      10_000_000n +
    BigInt((match[6] ?? '').padEnd(7, '0'));
  return match[1] === '-' ? -size : size;
}

function sameNumber(expected: number, got: number, tolerance: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(got);
  if (expected === got) return true;
  return Math.abs(expected - got) <= tolerance * Math.max(1e-12, Math.abs(expected), Math.abs(got));
}

function sameJson(expected: unknown, got: unknown, tolerance: number): boolean {
  if (typeof expected === 'number' && typeof got === 'number')
    return sameNumber(expected, got, tolerance);
  if (typeof expected === 'string' && typeof got === 'string') {
    if (expected === got) return true;
    const [a, b] = [datetimeTicks(expected), datetimeTicks(got)];
    if (a !== undefined && a === b) return true;
    const [c, d] = [timespanTicks(expected), timespanTicks(got)];
    return c !== undefined && c === d;
  }
  if (Array.isArray(expected) && Array.isArray(got)) {
    return (
      expected.length === got.length &&
      expected.every((each, index) => sameJson(each, got[index], tolerance))
    );
  }
  if (
    expected !== null &&
    got !== null &&
    typeof expected === 'object' &&
    typeof got === 'object' &&
    !Array.isArray(expected) &&
    !Array.isArray(got)
  ) {
    const [a, b] = [Object.entries(expected), new Map(Object.entries(got))];
    return (
      a.length === b.size &&
      a.every(([key, value]) => b.has(key) && sameJson(value, b.get(key), tolerance))
    );
  }
  return expected === got;
}

/** Whether a documented cell and one of ours are the same value of this type. */
export function sameCell(expected: string, got: Cell, type: string, tolerance = 1e-9): boolean {
  if (expected === '' || expected === 'null') {
    if (got === null || got === '' || got === 'null') return true;
    if (expected === '') return false;
  }
  if (got === null) return false;
  switch (type) {
    case 'bool':
      return /^(true|1)$/i.test(expected) === (got === true);
    case 'int':
    case 'long': {
      const text = expected.replace(/,/g, '');
      if (/^-?\d+$/.test(text) && typeof got === 'number' && !Number.isSafeInteger(got))
        return Number(text) === got;
      return sameNumber(Number(text), Number(got), tolerance > 1e-6 ? tolerance : 0);
    }
    case 'real':
    case 'decimal':
      return sameNumber(Number(expected.replace(/,/g, '')), Number(got), tolerance);
    case 'datetime': {
      const [a, b] = [datetimeTicks(expected), datetimeTicks(String(got))];
      return a !== undefined ? a === b : expected === String(got);
    }
    case 'timespan': {
      const [a, b] = [timespanTicks(expected), timespanTicks(String(got))];
      return a !== undefined ? a === b : expected === String(got);
    }
    case 'dynamic': {
      const text = String(got);
      try {
        const parsed: unknown = JSON.parse(text);
        let wanted: unknown;
        try {
          wanted = JSON.parse(expected);
        } catch {
          wanted = expected;
        }
        if (sameJson(wanted, parsed, tolerance)) return true;
        return typeof parsed === 'string' && parsed === expected;
      } catch {
        return text === expected;
      }
    }
    default:
      return (
        String(got).replace(/\r\n/g, '\n').trimEnd() === expected.replace(/\r\n/g, '\n').trimEnd()
      );
  }
}

/** A text on why the rows differ; undefined if they do not. */
export function differingRows(
  expected: readonly (readonly string[])[],
  got: readonly (readonly Cell[])[],
  types: readonly string[],
  how: { readonly ordered: boolean; readonly truncated: boolean; readonly tolerance: number },
): string | undefined {
  const same = (a: readonly string[], b: readonly Cell[]): boolean =>
    a.every((cell, index) =>
      sameCell(cell, b[index] ?? null, types[index] ?? 'string', how.tolerance),
    );
  if (!how.truncated && expected.length !== got.length) {
    return `${expected.length} rows expected, got ${got.length}: ${JSON.stringify(got).slice(0, 300)}`;
  }
  if (how.ordered) {
    for (const [index, row] of expected.entries()) {
      const other = got[index] ?? [];
      if (!same(row, other))
        return `row ${index}: expected ${JSON.stringify(row)} got ${JSON.stringify(other)}`.slice(
          0,
          600,
        );
    }
    return undefined;
  }
  const left = [...got];
  for (const row of expected) {
    const at = left.findIndex((other) => same(row, other));
    if (at < 0)
      return `expected ${JSON.stringify(row)} is not in ${JSON.stringify(left)}`.slice(0, 600);
    left.splice(at, 1);
  }
  return undefined;
}
