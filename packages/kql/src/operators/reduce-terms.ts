/**
 * Texts that are alike, as one pattern each (after R. Vaarandi, "A Data Clustering Algorithm for Mining
 * Patterns From Event Logs", 2003): a term that stands at its place in enough texts belongs to the
 * pattern, what lies between such terms is `*`. Numbers vary, so they are in no pattern.
 */

export interface ReduceOptions {
  /** The share of all rows that a term, and a pattern, must have. */
  readonly threshold: number;
  /** What separates terms; undefined for all but letters and digits. */
  readonly separators: string | undefined;
}

export interface Reduced {
  /** Most rows first; the rest, whose pattern is `others`, last. */
  readonly patterns: readonly {
    readonly pattern: string;
    readonly count: number;
    readonly representative: string;
  }[];
  /** The pattern of each text. */
  readonly of: readonly string[];
}

export const others = 'others';

/** Terms that are given up, the rarest first, until a text fits a pattern. */
const generalizationsMax = 8;

interface Text {
  /** Terms, and what stands around them: one part more. */
  readonly terms: readonly string[];
  readonly between: readonly string[];
  readonly rows: number;
}

export function reduced(
  texts: readonly string[],
  rows: readonly number[],
  options: ReduceOptions,
): Reduced {
  const total = rows.reduce((sum, each) => sum + each, 0);
  // One row alone is no pattern.
  const needed = Math.max(2, options.threshold * total);
  const isSeparator = separatorTest(options.separators);
  const split = texts.map((text, index) => splitText(text, rows[index] ?? 0, isSeparator));
  const weights = new Map<string, number>();
  for (const text of split) {
    for (const [place, term] of text.terms.entries()) {
      if (/^\d+$/.test(term)) continue;
      const key = `${place} ${term}`;
      weights.set(key, (weights.get(key) ?? 0) + text.rows);
    }
  }
  const swallows = options.separators ?? '';
  // The places of each text's frequent terms, the rarest of them last.
  const frequent = split.map((text) => {
    const weight = (place: number): number => weights.get(`${place} ${text.terms[place]}`) ?? 0;
    return text.terms
      .map((_, place) => place)
      .filter((place) => weight(place) >= needed)
      .sort((a, b) => weight(b) - weight(a) || a - b);
  });
  const found = new Map<string, { count: number; representative: string }>();
  const add = (pattern: string, index: number): void => {
    const known = found.get(pattern);
    if (known === undefined)
      found.set(pattern, { count: rows[index] ?? 0, representative: texts[index] ?? '' });
    else known.count += rows[index] ?? 0;
  };
  const first = split.map((text, index) => {
    const places = frequent[index] as number[];
    const pattern = places.length === 0 ? undefined : written(text, new Set(places), swallows);
    if (pattern !== undefined) add(pattern, index);
    return pattern;
  });
  for (const [pattern, { count }] of found) if (count < needed) found.delete(pattern);
  const supported = new Set(found.keys());
  let rest = 0;
  const of = first.map((pattern, index) => {
    if (pattern !== undefined && supported.has(pattern)) return pattern;
    const text = split[index] as Text;
    const places = frequent[index] as number[];
    for (let given = 1; given < places.length && given <= generalizationsMax; given++) {
      const wider = written(text, new Set(places.slice(0, -given)), swallows);
      if (!supported.has(wider)) continue;
      add(wider, index);
      return wider;
    }
    rest += text.rows;
    return others;
  });
  const patterns = [...found]
    .map(([pattern, each]) => ({ pattern, ...each }))
    .sort((a, b) => b.count - a.count || (a.pattern < b.pattern ? -1 : 1));
  if (rest > 0) patterns.push({ pattern: others, count: rest, representative: '' });
  return { patterns, of };
}

function separatorTest(separators: string | undefined): (char: string) => boolean {
  if (separators === undefined) return (char) => !/[\p{L}\p{N}]/u.test(char);
  const set = new Set(separators);
  return (char) => set.has(char);
}

function splitText(text: string, rows: number, isSeparator: (char: string) => boolean): Text {
  const terms: string[] = [];
  const between: string[] = [];
  let [part, inTerm] = ['', false];
  for (const char of text) {
    if (isSeparator(char) === inTerm) {
      (inTerm ? terms : between).push(part);
      inTerm = !inTerm;
      part = '';
    }
    part += char;
  }
  (inTerm ? terms : between).push(part);
  if (inTerm) between.push('');
  return { terms, between, rows };
}

/** A text with `*` for all but the kept terms; separators that the query named go with what they separate. */
function written(text: Text, kept: ReadonlySet<number>, swallows: string): string {
  let pattern = '';
  for (const [place, term] of text.terms.entries()) {
    const separator = text.between[place] ?? '';
    const [before, now] = [kept.has(place - 1), kept.has(place)];
    const isEdge = place === 0;
    if (!now && !before && !isEdge) continue;
    const nextToAny = !now || (!before && !isEdge);
    pattern += nextToAny ? without(separator, swallows) : separator;
    pattern += now ? term : '*';
  }
  const last = text.between.at(-1) ?? '';
  return pattern + (kept.has(text.terms.length - 1) ? last : without(last, swallows));
}

const without = (separator: string, swallows: string): string =>
  [...separator].filter((char) => !swallows.includes(char)).join('');
