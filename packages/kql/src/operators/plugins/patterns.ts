/**
 * Patterns in groups of rows: which values of some columns many rows share. Data to data; the plugins
 * that ask for the groups are in `mining.ts`.
 */

/** Different rows of the columns that are looked at, with their weights. */
export interface Groups {
  /** For each group its cells; undefined is a value that no pattern may hold. */
  readonly rows: readonly (readonly (string | null | undefined)[])[];
  /** For each group its weight, and its weight in a second set where two are compared. */
  readonly weights: readonly (readonly [first: number, second: number])[];
}

export interface Pattern {
  /** For each column its value, or undefined for any. */
  readonly cells: readonly (string | null | undefined)[];
  readonly weights: readonly [first: number, second: number];
}

/** Cells that are visited before a search is given up: about a second. */
const stepsMax = 50_000_000;

/** Thrown where the data has too many patterns for the search. */
export class TooManyPatterns extends Error {}

type Weights = [first: number, second: number];

export function totalOf(groups: Groups): Weights {
  const total: Weights = [0, 0];
  for (const [first, second] of groups.weights) {
    total[0] += first;
    total[1] += second;
  }
  return total;
}

/** Values as small numbers, column by column; 0 is what no pattern may hold. */
function encoded({ rows }: Groups): { codes: Uint32Array[]; values: (string | null)[][] } {
  const columns = rows[0]?.length ?? 0;
  const values: (string | null)[][] = [];
  const codes: Uint32Array[] = [];
  for (let column = 0; column < columns; column++) {
    const known = new Map<string | null, number>();
    const kept: (string | null)[] = [null];
    codes.push(
      Uint32Array.from(rows, (row) => {
        const value = row[column];
        if (value === undefined) return 0;
        let code = known.get(value);
        if (code === undefined) {
          code = kept.push(value) - 1;
          known.set(value, code);
        }
        return code;
      }),
    );
    values.push(kept);
  }
  return { codes, values };
}

/**
 * Every pattern that `isFrequent` holds for and that is as narrow as its rows allow: what all its rows
 * share is in it. `isFrequent` must hold for a pattern if it holds for a narrower one. Values that follow
 * from others do not count towards `dimensionsMax`.
 */
export function closedPatterns(
  groups: Groups,
  options: {
    readonly dimensionsMax: number;
    readonly isFrequent: (weights: readonly [number, number]) => boolean;
  },
): Pattern[] {
  const { codes, values } = encoded(groups);
  const found = new Map<string, Pattern>();
  let steps = 0;
  const take = (rows: readonly number[], start: number, depth: number, fixed: Uint32Array) => {
    for (let column = start; column < codes.length; column++) {
      if (fixed[column] !== 0) continue;
      const own = codes[column] as Uint32Array;
      steps += rows.length;
      if (steps > stepsMax) throw new TooManyPatterns();
      const buckets = new Map<number, { rows: number[]; weights: Weights }>();
      for (const row of rows) {
        const code = own[row] as number;
        if (code === 0) continue;
        let bucket = buckets.get(code);
        if (bucket === undefined) buckets.set(code, (bucket = { rows: [], weights: [0, 0] }));
        const [first, second] = groups.weights[row] as readonly [number, number];
        bucket.rows.push(row);
        bucket.weights[0] += first;
        bucket.weights[1] += second;
      }
      for (const bucket of buckets.values()) {
        if (!options.isFrequent(bucket.weights)) continue;
        const narrow = new Uint32Array(codes.length);
        for (const [other, of] of codes.entries()) {
          const code = of[bucket.rows[0] as number] as number;
          let at = 0;
          while (at < bucket.rows.length && of[bucket.rows[at] as number] === code) at++;
          steps += at;
          if (at === bucket.rows.length) narrow[other] = code;
        }
        const key = narrow.join();
        if (!found.has(key)) {
          const cells = Array.from(narrow, (code, at) =>
            code === 0 ? undefined : values[at]?.[code],
          );
          found.set(key, { cells, weights: bucket.weights });
        }
        if (depth < options.dimensionsMax) take(bucket.rows, column + 1, depth + 1, narrow);
      }
    }
  };
  take(
    groups.rows.map((_, index) => index),
    0,
    1,
    new Uint32Array(codes.length),
  );
  return [...found.values()];
}

/** `basket`: what a share of at least `threshold` has in common, the most frequent first. */
export function baskets(groups: Groups, threshold: number, dimensionsMax: number): Pattern[] {
  const [total] = totalOf(groups);
  return closedPatterns(groups, {
    dimensionsMax,
    isFrequent: ([weight]) => weight > 0 && weight >= threshold * total,
  }).sort((a, b) => b.weights[0] - a.weights[0] || fixedOf(a) - fixedOf(b));
}

const fixedOf = (pattern: Pattern): number =>
  pattern.cells.filter((each) => each !== undefined).length;

/**
 * `diffpatterns`: patterns whose shares of both sets differ by at least `threshold`, the greatest
 * difference first. Of patterns that are narrower or wider than each other only the first is kept, and
 * one that lies almost whole in those before it is left out.
 */
export function differences(groups: Groups, threshold: number, dimensionsMax: number): Pattern[] {
  const [first, second] = totalOf(groups);
  const share = ({ weights }: Pick<Pattern, 'weights'>): Weights => [
    first === 0 ? 0 : weights[0] / first,
    second === 0 ? 0 : weights[1] / second,
  ];
  const difference = (pattern: Pattern): number => {
    const [a, b] = share(pattern);
    return Math.abs(a - b);
  };
  const candidates = closedPatterns(groups, {
    dimensionsMax,
    isFrequent: (weights) => Math.max(...share({ weights })) >= threshold,
  })
    .filter((each) => difference(each) >= threshold)
    .sort((a, b) => difference(b) - difference(a) || fixedOf(a) - fixedOf(b));
  const kept: Pattern[] = [];
  for (const each of candidates) {
    if (kept.some((other) => holds(other, each.cells) || holds(each, other.cells))) continue;
    if (coveredShare(groups, each, kept) < 0.8) kept.push(each);
  }
  return kept;
}

/** Whether cells are what a pattern asks for. */
function holds(pattern: Pattern, cells: readonly (string | null | undefined)[]): boolean {
  return pattern.cells.every((each, column) => each === undefined || each === cells[column]);
}

/** How much of a pattern's rows lie in others. */
function coveredShare(groups: Groups, pattern: Pattern, others: readonly Pattern[]): number {
  let [all, covered] = [0, 0];
  for (const [index, row] of groups.rows.entries()) {
    if (!holds(pattern, row)) continue;
    const [first, second] = groups.weights[index] as readonly [number, number];
    all += first + second;
    if (others.some((other) => holds(other, row))) covered += first + second;
  }
  return all === 0 ? 1 : covered / all;
}

/** Patterns of fewer rows tell nothing. */
const clusterShareMin = 0.01;

/**
 * `autocluster`: few patterns that are both common and telling. From each seed, a heavy group outside
 * the patterns so far, values are given up one by one, that first which leaves the best; the best on
 * the way is kept. How good one is: its share of all rows and how rare its values are, as a geometric
 * mean in which the former weighs `sizeWeight` (after the seed-expand search that the reference names).
 */
export function clusters(groups: Groups, sizeWeight: number, seedsMax: number): Pattern[] {
  const { codes, values } = encoded(groups);
  const [total] = totalOf(groups);
  const columns = codes.length;
  const weight = (row: number): number => groups.weights[row]?.[0] ?? 0;
  const rarity = codes.map((of, column) => {
    const weights = new Float64Array(values[column]?.length ?? 0);
    for (const [row, code] of of.entries()) weights[code] = (weights[code] ?? 0) + weight(row);
    return weights.map((each) => 1 - each / total);
  });
  const best: { pattern: Pattern; score: number }[] = [];
  const keys = new Set<string>();
  const isCovered = new Uint8Array(groups.rows.length);
  const heaviest = groups.rows.map((_, row) => row).sort((a, b) => weight(b) - weight(a));
  let [seeds, steps] = [0, 0];
  for (const seed of heaviest) {
    // Heavy seeds come first: with the time used up, the best are there already.
    if (seeds >= seedsMax || steps > stepsMax * 4) break;
    if (isCovered[seed] === 1 || weight(seed) <= 0) continue;
    seeds++;
    const own = codes.map((of) => of[seed] as number);
    // Groups by the columns in which they differ from the seed.
    const differing = new Map<number, number>();
    for (const row of groups.rows.keys()) {
      let mask = 0;
      for (let column = 0; column < columns; column++)
        if (codes[column]?.[row] !== own[column]) mask |= 1 << column;
      differing.set(mask, (differing.get(mask) ?? 0) + weight(row));
    }
    const masks = [...differing];
    steps += groups.rows.length * columns;
    const sizeOf = (fixed: number): number => {
      let size = 0;
      steps += masks.length;
      for (const [mask, each] of masks) if ((mask & fixed) === 0) size += each;
      return size;
    };
    const scoreOf = (fixed: number, size: number): number => {
      let rare = 0;
      for (let column = 0; column < columns; column++)
        if ((fixed & (1 << column)) !== 0) rare += rarity[column]?.[own[column] as number] ?? 0;
      return (size / total) ** sizeWeight * (rare / columns) ** (1 - sizeWeight);
    };
    let fixed = 0;
    for (let column = 0; column < columns; column++) if (own[column] !== 0) fixed |= 1 << column;
    let top = { fixed: 0, size: 0, score: 0 };
    while (fixed !== 0) {
      const size = sizeOf(fixed);
      const score = scoreOf(fixed, size);
      if (score > top.score && size >= clusterShareMin * total && (size > weight(seed) || size > 1))
        top = { fixed, size, score };
      let next = { fixed: 0, score: -1 };
      for (let column = 0; column < columns; column++) {
        const without = fixed & ~(1 << column);
        if (without === fixed) continue;
        const wider = scoreOf(without, sizeOf(without));
        if (wider > next.score) next = { fixed: without, score: wider };
      }
      ({ fixed } = next);
    }
    if (top.fixed === 0) continue;
    const cells = own.map((code, column) =>
      (top.fixed & (1 << column)) === 0 ? undefined : values[column]?.[code],
    );
    const pattern: Pattern = { cells, weights: [top.size, 0] };
    for (const [row, each] of groups.rows.entries()) if (holds(pattern, each)) isCovered[row] = 1;
    const key = JSON.stringify(cells.map((each) => [each ?? null, each === undefined]));
    if (!keys.has(key)) best.push({ pattern, score: top.score });
    keys.add(key);
  }
  best.sort((a, b) => b.score - a.score);
  const kept: Pattern[] = [];
  for (const { pattern } of best)
    if (coveredShare(groups, pattern, kept) <= 0.5) kept.push(pattern);
  return kept;
}
