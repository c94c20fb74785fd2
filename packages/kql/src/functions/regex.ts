/**
 * What RE2 refuses in a pattern, found before the query runs
 * (https://github.com/google/re2/wiki/Syntax). Other dialects' look-around and back references are
 * the usual case.
 */

const repetitionsMax = 1000;
/** After a backslash, beside punctuation, octal, `x`, `p`, `P` and `Q`. */
const plainEscapes = new Set('dDsSwWbBAzafntrvCE_');
const classEscapes = new Set('dDsSwWafntrv_');
const posixClass =
  /^\[:\^?(alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/;

/** Why the pattern is none, or undefined where nothing speaks against it. */
export function regexFault(pattern: string): string | undefined {
  let at = 0;
  let open = 0;
  /** What a repetition may follow; `repeated` is followed by no other. */
  let before: 'nothing' | 'something' | 'repeated' = 'nothing';

  const escape = (inClass: boolean): string | undefined => {
    const rest = pattern.slice(at);
    if (rest.length < 2) return 'it ends with a backslash';
    const next = rest[1] ?? '';
    const long =
      /^\\x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\})/.exec(rest) ??
      /^\\[pP](?:\{\^?[A-Za-z_]+\}|[A-Z])/.exec(rest) ??
      /^\\(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (long !== null) {
      at += long[0].length;
      return undefined;
    }
    if (!inClass && next === 'Q') {
      const end = pattern.indexOf('\\E', at);
      at = end < 0 ? pattern.length : end + 2;
      return undefined;
    }
    const allowed = inClass ? classEscapes : plainEscapes;
    if (/[A-Za-z0-9_]/.test(next) && !allowed.has(next))
      return /[1-9]/.test(next)
        ? `it refers back to a group (\\${next})`
        : `it has an unknown escape (\\${next})`;
    at += 2;
    return undefined;
  };

  const characterClass = (): string | undefined => {
    at += pattern[at + 1] === '^' ? 2 : 1;
    let isFirst = true;
    let low: number | undefined;
    for (;;) {
      if (at >= pattern.length) return 'a [ is not closed';
      if (pattern[at] === ']' && !isFirst) break;
      isFirst = false;
      const posix = posixClass.exec(pattern.slice(at));
      if (posix !== null) {
        at += posix[0].length;
        low = undefined;
        continue;
      }
      if (pattern.startsWith('[:', at) && pattern.includes(':]', at + 2))
        return 'a class of characters has an unknown name';
      const isRange = pattern[at] === '-' && low !== undefined && pattern[at + 1] !== ']';
      if (isRange) {
        at++;
        if (at >= pattern.length) return 'a [ is not closed';
      }
      const start = at;
      if (pattern[at] === '\\') {
        const fault = escape(true);
        if (fault !== undefined) return fault;
      } else at += (pattern.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
      const isPlain = pattern[start] !== '\\';
      const code = isPlain ? pattern.codePointAt(start) : undefined;
      if (isRange && code !== undefined && low !== undefined && code < low)
        return 'a range of characters ends before it begins';
      low = isRange ? undefined : code;
    }
    at++;
    return undefined;
  };

  const repeat = (length: number): string | undefined => {
    if (before === 'nothing') return 'a repetition has nothing to repeat';
    if (before === 'repeated') return 'a repetition is repeated';
    at += length;
    if (pattern[at] === '?') at++;
    before = 'repeated';
    return undefined;
  };

  while (at < pattern.length) {
    const rest = pattern.slice(at, at + 80);
    let fault: string | undefined;
    switch (pattern[at]) {
      case '(': {
        const group = /^\((?:\?(?:P?<[A-Za-z_]\w*>|[imsU]*(?:-[imsU]+)?:))?(?!\?)/.exec(rest);
        const flags = /^\(\?(?=[-imsU])[imsU]*(?:-[imsU]+)?\)/.exec(rest);
        if (flags !== null) {
          at += flags[0].length;
          break;
        }
        if (group === null)
          return /^\(\?<?[=!]/.test(rest)
            ? 'it looks around, which is not supported'
            : 'a group begins with what is not known';
        at += group[0].length;
        open++;
        before = 'nothing';
        break;
      }
      case ')':
        if (open === 0) return 'a ) closes nothing';
        open--;
        at++;
        before = 'something';
        break;
      case '|':
        at++;
        before = 'nothing';
        break;
      case '*':
      case '+':
      case '?':
        fault = repeat(1);
        break;
      case '{': {
        const counted = /^\{(\d{1,9})(?:(,)(\d{0,9}))?\}/.exec(rest);
        if (counted === null) {
          at++;
          before = 'something';
          break;
        }
        const least = Number(counted[1]);
        const most = counted[3] === undefined || counted[3] === '' ? least : Number(counted[3]);
        if (least > repetitionsMax || most > repetitionsMax || most < least)
          return `a repetition is not within 0 and ${repetitionsMax}`;
        fault = repeat(counted[0].length);
        break;
      }
      case '[':
        fault = characterClass();
        before = 'something';
        break;
      case '\\':
        fault = escape(false);
        before = 'something';
        break;
      default:
        at++;
        before = 'something';
    }
    if (fault !== undefined) return fault;
  }
  return open > 0 ? 'a ( is not closed' : undefined;
}
