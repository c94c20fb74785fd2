/**
 * JSON with whole numbers of 64 bits: `JSON.parse` makes doubles of them, which hold 53. A number
 * that a double does not hold exactly is read as a bigint, and printed as a number again.
 */

/** A text, or a whole number so long that it may not fit a double. */
const tokens = /"(?:[^"\\]|\\.)*"|(?<![\w.+-])-?\d{16,}(?![\d.eE])/g;
/** Stands for a bigint between the two steps of reading. */
const mark = '#whole';

/** Reads JSON. Throws as `JSON.parse` does. */
export function parseExactJson(text: string): unknown {
  const marked = text.replace(tokens, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `{"${mark}":"${token}"}`,
  );
  if (marked === text) return JSON.parse(text);
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const digits: unknown = Object.keys(value).length === 1 ? Reflect.get(value, mark) : undefined;
    return typeof digits === 'string' && /^-?\d+$/.test(digits) ? BigInt(digits) : value;
  });
}

/** Prints JSON as `JSON.stringify` does, bigints as numbers; `indent` spaces a level, 0 for one line. */
export function printExactJson(value: unknown, indent = 0, depth = 0): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const isArray = Array.isArray(value);
  const parts = isArray
    ? value.map((each) => printExactJson(each, indent, depth + 1))
    : Object.entries(value)
        .filter(([, each]) => each !== undefined)
        .map(([name, each]) => {
          const colon = indent === 0 ? ':' : ': ';
          return `${JSON.stringify(name)}${colon}${printExactJson(each, indent, depth + 1)}`;
        });
  const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  if (indent === 0) return open + parts.join(',') + close;
  const line = (level: number): string => `\n${' '.repeat(indent * level)}`;
  return open + line(depth + 1) + parts.join(`,${line(depth + 1)}`) + line(depth) + close;
}
