import { concatBytes, fromBase64, fromHex, toBase64, utf8 } from '@strongroom/base';
import { ledgerError } from './errors.js';
import { decodeRow } from './rows.js';
import type { RowColumn } from './rows.js';

/**
 * Rows as lines of JSON that lead back to the bytes that were committed to: `docs/formats/export.md`.
 * One row has one line: whatever is changed in it changes the bytes, or is not how they are printed.
 */

/** Holds the row's bytes where its cells do not lead back to them. */
const rawName = '_RowBinary';
const unixEpochTicks = 621_355_968_000_000_000n;
const ticksPerSecond = 10_000_000n;
/** Ticks at 10000-01-01: no such year has an ISO text of our form. */
const ticksEnd = 3_155_378_976_000_000_000n;

/** A row's line, without its newline. Throws `LEDGER_PROOF_MALFORMED` where the bytes are no row. */
export function printRowText(bytes: Uint8Array, columns: readonly RowColumn[]): string {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const members = decodeRow(bytes, columns).flatMap(({ name, value }) => {
    const printed = value === null ? undefined : printValue(typeOf(types, name), value);
    return printed === undefined ? [] : `${JSON.stringify(name)}:${printed}`;
  });
  const line = `{${members.join(',')}}`;
  if (sameBytes(tryEncode(line, columns), bytes)) return line;
  return `{${[...members, `"${rawName}":"${toBase64(bytes)}"`].join(',')}}`;
}

/**
 * The bytes that a line stands for. Throws `LEDGER_PROOF_MALFORMED` where it is not exactly the line
 * that {@link printRowText} makes of them.
 */
export function readRowText(line: string, columns: readonly RowColumn[]): Uint8Array {
  const raw = /,"_RowBinary":"([A-Za-z0-9+/=]*)"\}$/.exec(line)?.[1];
  const bytes = raw === undefined ? encodeRowText(line, columns) : fromBase64(raw);
  if (printRowText(bytes, columns) !== line) throw malformed('is not written as its values are');
  return bytes;
}

const malformed = (what: string): Error =>
  ledgerError('LEDGER_PROOF_MALFORMED', `A row's line ${what}.`);

/** System columns are not among the columns of a shape. */
const typeOf = (types: ReadonlyMap<string, string>, name: string): string =>
  types.get(name) ?? (name === '_TimeReceived' ? 'datetime' : 'long');

/** `undefined` for what is left out: empty text. */
function printValue(type: string, value: string): string | undefined {
  switch (type) {
    case 'bool':
    case 'int':
    case 'long':
      return value;
    case 'real':
      return Number.isFinite(Number(value)) ? value : JSON.stringify(value);
    case 'datetime':
      return JSON.stringify(printTime(BigInt(value)));
    case 'timespan':
      return JSON.stringify(printSpan(BigInt(value)));
    case 'dynamic':
      if (value === '') return undefined;
      return isStructure(value) ? value : JSON.stringify(value);
    case 'string':
      return value === '' ? undefined : JSON.stringify(value);
    default:
      return JSON.stringify(value);
  }
}

/** JSON of an object or a list on one line: it stands in the row as it is. */
function isStructure(value: string): boolean {
  if (!/^[[{]/.test(value) || /[\n\r]/.test(value)) return false;
  try {
    JSON.parse(value);
    return spanEnd(value, 0) === value.length;
  } catch {
    return false;
  }
}

function printTime(ticks: bigint): string {
  if (ticks < 0n || ticks >= ticksEnd) return ticks.toString();
  const seconds = ticks / ticksPerSecond - unixEpochTicks / ticksPerSecond;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${(ticks % ticksPerSecond).toString().padStart(7, '0')}Z`;
}

function readTime(text: string): bigint {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{7})Z$/.exec(text);
  if (match === null) return readWhole(text);
  const ms = Date.parse(`${match[1]}Z`);
  if (Number.isNaN(ms)) throw malformed('has no such time');
  return BigInt(ms) * 10_000n + unixEpochTicks + BigInt(match[2]!);
}

function printSpan(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const seconds = size / ticksPerSecond;
  const two = (value: bigint): string => value.toString().padStart(2, '0');
  const days = seconds / 86_400n;
  return (
    `${ticks < 0n ? '-' : ''}${days === 0n ? '' : `${days}.`}${two((seconds / 3_600n) % 24n)}:` +
    `${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.` +
    (size % ticksPerSecond).toString().padStart(7, '0')
  );
}

function readSpan(text: string): bigint {
  const match = /^(-?)(?:(\d{1,8})\.)?(\d\d):(\d\d):(\d\d)\.(\d{7})$/.exec(text);
  if (match === null) throw malformed('has no timespan');
  const [, sign, days, hours, minutes, seconds, fraction] = match;
  const whole =
    ((BigInt(days ?? 0) * 24n + BigInt(hours!)) * 60n + BigInt(minutes!)) * 60n + BigInt(seconds!);
  const size = whole * ticksPerSecond + BigInt(fraction!);
  return sign === '-' ? -size : size;
}

function readWhole(text: string): bigint {
  if (!/^-?\d{1,39}$/.test(text)) throw malformed('has no whole number');
  return BigInt(text);
}

function tryEncode(line: string, columns: readonly RowColumn[]): Uint8Array | undefined {
  try {
    return encodeRowText(line, columns);
  } catch {
    return undefined;
  }
}

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a?.length === b.length && a.every((byte, index) => byte === b[index]);

/** RowBinary of a line: the opposite of `decodeRow`. */
function encodeRowText(line: string, columns: readonly RowColumn[]): Uint8Array {
  const spans = readMembers(line);
  const parts: Uint8Array[] = [];
  for (const { name, type } of columns) {
    const span = spans.get(name);
    if (type === 'string' || type === 'dynamic') {
      const bytes = utf8(span === undefined ? '' : textOf(span));
      parts.push(leb128(bytes.length), bytes);
      continue;
    }
    if (name !== 'TimeGenerated') parts.push(Uint8Array.of(span === undefined ? 1 : 0));
    if (span !== undefined) parts.push(encodeValue(type, textOf(span)));
    else if (name === 'TimeGenerated') throw malformed('has no TimeGenerated');
  }
  const system = (name: string): string => {
    const span = spans.get(name);
    if (span === undefined) throw malformed(`has no ${name}`);
    return textOf(span);
  };
  parts.push(little(readTime(system('_TimeReceived')), 8));
  parts.push(little(readWhole(system('_Position')), 8));
  parts.push(little(readWhole(system('_Row')), 4), little(readWhole(system('_BilledSize')), 4));
  return concatBytes(...parts);
}

function encodeValue(type: string, text: string): Uint8Array {
  switch (type) {
    case 'bool':
      return Uint8Array.of(text === 'true' ? 1 : 0);
    case 'int':
      return little(readWhole(text), 4);
    case 'real': {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, Number(text), true);
      return bytes;
    }
    case 'decimal': {
      const match = /^(-?)(\d{1,22})(?:\.(\d{1,17}))?$/.exec(text);
      if (match === null) throw malformed('has no decimal');
      const value = BigInt(match[2]! + (match[3] ?? '').padEnd(17, '0'));
      return little(match[1] === '-' ? -value : value, 16);
    }
    case 'guid': {
      const bytes = fromHex(text.replaceAll('-', ''));
      return concatBytes(bytes.slice(0, 8).reverse(), bytes.slice(8).reverse());
    }
    case 'datetime':
      return little(readTime(text), 8);
    case 'timespan':
      return little(readSpan(text), 8);
    default:
      return little(readWhole(text), 8);
  }
}

function little(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = BigInt.asUintN(size * 8, value);
  for (let index = 0; index < size; index += 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = (rest - low) / 128;
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** What a value's text says: a string's content, everything else as it stands. */
const textOf = (span: string): string =>
  span.startsWith('"') ? (JSON.parse(span) as string) : span;

/** The members of one JSON object by name, each as the text that stands there. */
function readMembers(line: string): Map<string, string> {
  if (!line.startsWith('{') || !line.endsWith('}')) throw malformed('is no object');
  const members = new Map<string, string>();
  for (let at = 1; at < line.length - 1;) {
    const nameEnd = spanEnd(line, at);
    const end = spanEnd(line, nameEnd + 1);
    members.set(JSON.parse(line.slice(at, nameEnd)) as string, line.slice(nameEnd + 1, end));
    at = end + 1;
  }
  return members;
}

/** Where the JSON value that begins at `at` ends. */
function spanEnd(line: string, at: number): number {
  const first = line[at];
  if (first === '"') return stringEnd(line, at);
  if (first !== '{' && first !== '[') {
    let end = at;
    while (end < line.length && line[end] !== ',' && line[end] !== '}') end += 1;
    return end;
  }
  let depth = 0;
  for (let end = at; end < line.length; end += 1) {
    const character = line[end];
    if (character === '"') end = stringEnd(line, end) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return end + 1;
    }
  }
  throw malformed('is cut off');
}

function stringEnd(line: string, at: number): number {
  for (let end = at + 1; end < line.length; end += 1) {
    if (line[end] === '\\') end += 1;
    else if (line[end] === '"') return end + 1;
  }
  throw malformed('is cut off');
}
