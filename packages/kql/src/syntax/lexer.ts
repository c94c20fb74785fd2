/** Text to tokens. One pass, no backtracking; every character is in a token or in white space. */

import { problem } from '../diagnostics.js';
import { isTimeUnit } from './literals.js';

export type TokenKind =
  | 'name'
  | 'long'
  | 'real'
  /** `1.5h`: a number with a unit. */
  | 'timespan'
  | 'string'
  /** `datetime(…)`, `guid(…)`: `text` is the type, `value` what stands in the brackets. */
  | 'typed'
  | 'punctuation'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; for `typed` the word before the bracket, in lower case. */
  readonly text: string;
  /** A string's content, a typed literal's body, a timespan's number. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Words that begin a literal when a bracket follows. */
const typedWords = new Set([
  'datetime',
  'date',
  'timespan',
  'time',
  'guid',
  'long',
  'int',
  'real',
  'double',
  'decimal',
  'bool',
  'boolean',
  'uuid',
]);

const punctuation3 = new Set(['!=~']);
const punctuation2 = new Set(['==', '!=', '<>', '<=', '>=', '=~', '!~', '..', '=>', '//']);
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

const nameStart = /[A-Za-z_$]/;
const namePart = /[A-Za-z0-9_$]/;

export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  const length = text.length;
  let at = 0;
  const push = (
    kind: TokenKind,
    start: number,
    end: number,
    value?: string,
    word?: string,
  ): void => {
    const raw = word ?? text.slice(start, end);
    tokens.push({ kind, text: raw, value: value ?? raw, start, end });
  };
  while (at < length) {
    const char = text[at] as string;
    if (char === ' ' || char === '\n' || char === '\t' || char === '\r' || /\s|\uFEFF/.test(char)) {
      at++;
      continue;
    }
    if (char === '/' && text[at + 1] === '/') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? length : end;
      continue;
    }
    const start = at;
    if (text.startsWith('```', at) || text.startsWith('~~~', at)) {
      const fence = text.slice(at, at + 3);
      const end = text.indexOf(fence, at + 3);
      if (end < 0)
        problem('SYN0001', 'The multi-line string is not closed', { start, end: length });
      at = end + 3;
      push('string', start, at, text.slice(start + 3, end));
      continue;
    }
    const prefix = /^[hH]?@?["']/.test(text.slice(at, at + 3)) ? text.slice(at).search(/["']/) : -1;
    if (prefix >= 0) {
      const verbatim = prefix > 0 && text[at + prefix - 1] === '@';
      const read = readString(text, at + prefix, verbatim);
      at = read.end;
      push('string', start, at, read.value);
      continue;
    }
    if (nameStart.test(char)) {
      while (at < length && namePart.test(text[at] as string)) at++;
      const word = text.slice(start, at);
      const lower = word.toLowerCase();
      if (typedWords.has(lower)) {
        let open = at;
        while (open < length && /\s/.test(text[open] as string)) open++;
        if (text[open] === '(') {
          const close = closingBracket(text, open);
          if (close >= 0) {
            at = close + 1;
            push('typed', start, at, text.slice(open + 1, close).trim(), lower);
            continue;
          }
        }
      }
      push('name', start, at);
      continue;
    }
    if (char >= '0' && char <= '9') {
      at = readNumber(text, at, push);
      continue;
    }
    if (char === '.' && /[0-9]/.test(text[at + 1] ?? '') && tokens.at(-1)?.text !== '.') {
      // `.5`; after a name it would be a path, which has no numbers.
      const before = text[at - 1] ?? ' ';
      if (!/[\w\])]/.test(before)) {
        at++;
        while (at < length && /[0-9]/.test(text[at] as string)) at++;
        push('real', start, at, `0${text.slice(start, at)}`);
        continue;
      }
    }
    const three = text.slice(at, at + 3);
    const two = text.slice(at, at + 2);
    if (punctuation3.has(three)) at += 3;
    else if (punctuation2.has(two)) at += 2;
    else at += 1;
    if (!/[-+*/%=<>!~.,:;|()[\]{}?@#&^]/.test(char)) {
      const code = char.codePointAt(0) ?? 0;
      if (code > 127 && /[\p{L}\p{N}]/u.test(text.slice(start, start + 2))) {
        problem('SYN0002', `Names hold ASCII letters only; write ['…'] around this one`, {
          start,
          end: at,
        });
      }
      problem('SYN0002', `The character '${char}' is not part of KQL`, { start, end: at });
    }
    push('punctuation', start, at);
  }
  push('end', length, length, '');
  return tokens;
}

function readNumber(
  text: string,
  from: number,
  push: (kind: TokenKind, start: number, end: number, value?: string, word?: string) => void,
): number {
  const length = text.length;
  let at = from;
  if (text[at] === '0' && /[xX]/.test(text[at + 1] ?? '')) {
    at += 2;
    while (at < length && /[0-9a-fA-F]/.test(text[at] as string)) at++;
    push('long', from, at);
    return at;
  }
  while (at < length && /[0-9]/.test(text[at] as string)) at++;
  let isReal = false;
  if (text[at] === '.' && text[at + 1] !== '.' && !/[A-Za-z_]/.test(text[at + 1] ?? '')) {
    isReal = true;
    at++;
    while (at < length && /[0-9]/.test(text[at] as string)) at++;
  }
  const exponent = /^[eE][-+]?[0-9]+/.exec(text.slice(at, at + 12));
  if (exponent !== null && !namePart.test(text[at + exponent[0].length] ?? ' ')) {
    at += exponent[0].length;
    push('real', from, at);
    return at;
  }
  const word = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(at, at + 64));
  if (word !== null) {
    const number = text.slice(from, at);
    const end = at + word[0].length;
    if (isTimeUnit(word[0])) {
      push('timespan', from, end, number, word[0]);
      return end;
    }
    if (!isReal) {
      // A name may begin with a digit (`3xx`), as in Kusto.
      push('name', from, end);
      return end;
    }
    problem('SYN0002', `'${text.slice(from, end)}' is not a number`, { start: from, end });
  }
  push(isReal ? 'real' : 'long', from, at);
  return at;
}

function readString(text: string, open: number, verbatim: boolean): { value: string; end: number } {
  const quote = text[open] as string;
  let value = '';
  let at = open + 1;
  let from = at;
  for (;;) {
    const char = text[at];
    if (char === undefined || (char === '\n' && !verbatim)) {
      problem(
        'SYN0001',
        'The string is not closed',
        { start: open, end: at },
        `Add ${quote} at its end.`,
      );
    }
    if (char === quote) {
      if (verbatim && text[at + 1] === quote) {
        value += text.slice(from, at + 1);
        at += 2;
        from = at;
        continue;
      }
      return { value: value + text.slice(from, at), end: at + 1 };
    }
    if (char === '\\' && !verbatim) {
      value += text.slice(from, at);
      const next = text[at + 1] ?? '';
      const hex =
        next === 'u'
          ? /^[0-9a-fA-F]{4}/.exec(text.slice(at + 2, at + 6))
          : next === 'x'
            ? /^[0-9a-fA-F]{2}/.exec(text.slice(at + 2, at + 4))
            : next === 'U'
              ? /^[0-9a-fA-F]{8}/.exec(text.slice(at + 2, at + 10))
              : null;
      if (hex !== null) {
        const code = Number.parseInt(hex[0], 16);
        value += String.fromCodePoint(code <= 0x10ffff ? code : 0xfffd);
        at += 2 + hex[0].length;
      } else if (Object.hasOwn(escapes, next)) {
        value += escapes[next] as string;
        at += 2;
      } else {
        problem(
          'SYN0002',
          `'\\${next}' is not an escape sequence`,
          { start: at, end: at + 2 },
          'Write @"…" for text with backslashes.',
        );
      }
      from = at;
      continue;
    }
    at++;
  }
}

/** The bracket that closes the literal's, or -1 when what stands inside is not a literal's text. */
function closingBracket(text: string, open: number): number {
  let at = open + 1;
  const limit = Math.min(text.length, open + 200);
  while (at < limit) {
    const char = text[at] as string;
    if (char === ')') return at;
    if (char === '"' || char === "'") {
      const end = text.indexOf(char, at + 1);
      if (end < 0) return -1;
      at = end + 1;
      continue;
    }
    if (char === '(' || char === '|' || (char === '/' && text[at + 1] === '/')) return -1;
    at++;
  }
  return -1;
}
