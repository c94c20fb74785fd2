/** Punycode and the labels of internationalised domains (RFC 3492, RFC 3490). */

import { computedRow, type FunctionRow } from './row.js';

/** RFC 3492 §5. */
const [base, tmin, tmax, skew, damp, initialBias, initialN] = [36, 1, 26, 38, 700, 72, 128];
const greatestPoint = 0x10ffff;
/** Decoding inserts, so its time grows with the square of the text. A domain's label has 63. */
const punycodeCharsMax = 4096;

function adapted(delta: number, count: number, isFirst: boolean): number {
  let left = isFirst ? Math.floor(delta / damp) : delta >> 1;
  left += Math.floor(left / count);
  let k = 0;
  for (; left > ((base - tmin) * tmax) >> 1; k += base) left = Math.floor(left / (base - tmin));
  return k + Math.floor(((base - tmin + 1) * left) / (left + skew));
}

const thresholdAt = (k: number, bias: number): number =>
  k <= bias ? tmin : k >= bias + tmax ? tmax : k - bias;

const digitText = (digit: number): string =>
  String.fromCharCode(digit < 26 ? digit + 97 : digit - 26 + 48);

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 22;
  if (code >= 65 && code <= 90) return code - 65;
  return code >= 97 && code <= 122 ? code - 97 : base;
}

/** undefined where it cannot be encoded. */
export function encodePunycode(text: string): string | undefined {
  if (text.length > punycodeCharsMax) return undefined;
  const points = [...text].map((each) => each.codePointAt(0) ?? 0);
  if (points.some((each) => each >= 0xd800 && each <= 0xdfff)) return undefined;
  const plain = points.filter((point) => point < initialN);
  let out = String.fromCharCode(...plain);
  if (plain.length > 0) out += '-';
  let [n, delta, bias, done] = [initialN, 0, initialBias, plain.length];
  while (done < points.length) {
    let next = greatestPoint;
    for (const point of points) if (point >= n && point < next) next = point;
    delta += (next - n) * (done + 1);
    n = next;
    for (const point of points) {
      if (point < n) delta++;
      if (point !== n) continue;
      let q = delta;
      for (let k = base; ; k += base) {
        const threshold = thresholdAt(k, bias);
        if (q < threshold) break;
        out += digitText(threshold + ((q - threshold) % (base - threshold)));
        q = Math.floor((q - threshold) / (base - threshold));
      }
      out += digitText(q);
      bias = adapted(delta, done + 1, done === plain.length);
      delta = 0;
      done++;
    }
    delta++;
    n++;
  }
  return out;
}

/** undefined where it is none. */
export function decodePunycode(text: string): string | undefined {
  if (text.length > punycodeCharsMax || !isPlain(text)) return undefined;
  const end = text.lastIndexOf('-');
  const out = Array.from(text.slice(0, Math.max(0, end)), (each) => each.charCodeAt(0));
  let [n, i, bias] = [initialN, 0, initialBias];
  for (let at = end < 0 ? 0 : end + 1; at < text.length;) {
    const before = i;
    let weight = 1;
    for (let k = base; ; k += base) {
      if (at >= text.length) return undefined;
      const digit = digitOf(text.charCodeAt(at++));
      if (digit >= base) return undefined;
      i += digit * weight;
      if (i > 0x7fffffff) return undefined;
      const threshold = thresholdAt(k, bias);
      if (digit < threshold) break;
      weight *= base - threshold;
    }
    const count = out.length + 1;
    bias = adapted(i - before, count, before === 0);
    n += Math.floor(i / count);
    i %= count;
    if (n > greatestPoint || (n >= 0xd800 && n <= 0xdfff)) return undefined;
    out.splice(i++, 0, n);
  }
  return out.map((point) => String.fromCodePoint(point)).join('');
}

const prefix = 'xn--';
/** RFC 3490 §3.1: what stands between labels. */
const separators = /[.\u3002\uff0e\uff61]/;

function eachLabel(domain: string, change: (label: string) => string | undefined): string {
  const labels = domain.split(separators).map(change);
  return labels.some((each) => each === undefined) ? '' : labels.join('.');
}

const isPlain = (label: string): boolean => [...label].every((each) => each.charCodeAt(0) < 128);

const toAscii = (domain: string): string =>
  eachLabel(domain, (label) => {
    if (isPlain(label)) return label;
    const encoded = encodePunycode(label);
    return encoded === undefined ? undefined : `${prefix}${encoded}`;
  });

const toUnicode = (domain: string): string =>
  eachLabel(domain, (label) =>
    label.slice(0, 4).toLowerCase() === prefix ? decodePunycode(label.slice(4)) : label,
  );

const textRow = (name: string, of: (text: string) => string): FunctionRow =>
  computedRow({
    name,
    takes: 'string',
    gives: 'string',
    of: ([value]) => of(String(value ?? '')),
  });

export const punycodeRows: readonly FunctionRow[] = [
  textRow('punycode_from_string', (text) => encodePunycode(text) ?? ''),
  textRow('punycode_to_string', (text) => decodePunycode(text) ?? ''),
  textRow('punycode_domain_to_string', toAscii),
  textRow('punycode_domain_from_string', toUnicode),
];
