/**
 * `parse_xml`: elements, attributes and texts as JSON. A small reader of well-formed XML 1.0: names
 * and nesting are checked; declarations, comments and processing instructions are passed over, and no
 * entity but the five and those of numbers is known, so nothing expands.
 */

import { utf8 } from '@strongroom/base';
import { xmlBytesMax, xmlDepthMax } from '../limits.js';
import { computedRow, type FunctionRow } from './row.js';

interface Element {
  readonly name: string;
  /** Attributes, texts and elements in the order of their first; several of a name are a list. */
  readonly members: Map<string, string[]>;
  text: string;
}

const nameText = '[\\p{L}_:][\\p{L}\\p{N}\\p{M}_:.\\-\u00b7]*';
const startTag = new RegExp(
  `<(${nameText})((?:\\s+${nameText}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`,
  'uy',
);
const attribute = new RegExp(`(${nameText})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'gu');
const endTag = new RegExp(`</(${nameText})\\s*>`, 'uy');

const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

class NotXml extends Error {}

function unescaped(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]*)(;?)/g, (_, name: string, end: string) => {
    const known = entities.get(name);
    if (end === '') throw new NotXml();
    if (known !== undefined) return known;
    const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    if (number === null) throw new NotXml();
    const point = Number.parseInt(number[1] ?? number[2] ?? '', number[1] === undefined ? 10 : 16);
    if (point === 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw new NotXml();
    return String.fromCodePoint(point);
  });
}

function add(element: Element, name: string, json: string): void {
  const known = element.members.get(name);
  if (known === undefined) element.members.set(name, [json]);
  else known.push(json);
}

/** A text ends where an element begins. */
function endText(element: Element): void {
  const text = element.text.trim();
  if (text !== '') add(element, '#text', JSON.stringify(text));
  element.text = '';
}

function jsonOf({ members }: Element): string {
  if (members.size === 0) return 'null';
  const texts = members.get('#text');
  if (members.size === 1 && texts?.length === 1) return texts[0] ?? 'null';
  const parts: string[] = [];
  for (const [name, values] of members) {
    const value = values.length === 1 ? values[0] : `[${values.join(',')}]`;
    parts.push(`${JSON.stringify(name)}:${value}`);
  }
  return `{${parts.join(',')}}`;
}

/** What follows the end of a `<!…`, `<?…` or CDATA; -1 where it does not end. */
function after(text: string, at: number, end: string): number {
  const found = text.indexOf(end, at);
  return found < 0 ? -1 : found + end.length;
}

/** After a document type, whose own declarations stand in brackets. */
function afterDoctype(text: string, start: number): number {
  let [quote, inside] = ['', false];
  for (let at = start; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (quote !== '') {
      if (sign === quote) quote = '';
    } else if (sign === '"' || sign === "'") quote = sign;
    else if (sign === '[') inside = true;
    else if (sign === ']') inside = false;
    else if (sign === '>' && !inside) return at + 1;
  }
  return -1;
}

/** The JSON of an XML document; undefined where it is none. */
export function xmlAsJson(source: string): string | undefined {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  if (text.length > xmlBytesMax || utf8(text).length > xmlBytesMax) return undefined;
  try {
    return read(text);
  } catch (error) {
    if (error instanceof NotXml) return undefined;
    throw error;
  }
}

function read(text: string): string | undefined {
  const open: Element[] = [];
  let result: string | undefined;
  const close = (element: Element): void => {
    endText(element);
    const json = jsonOf(element);
    const parent = open.at(-1);
    if (parent === undefined) result = `{${JSON.stringify(element.name)}:${json}}`;
    else add(parent, element.name, json);
  };
  for (let at = 0; at < text.length;) {
    const element = open.at(-1);
    if (text[at] !== '<') {
      const next = text.indexOf('<', at);
      const piece = text.slice(at, next < 0 ? text.length : next);
      if (element !== undefined) element.text += unescaped(piece);
      else if (piece.trim() !== '') return undefined;
      at += piece.length;
      continue;
    }
    if (text.startsWith('<![CDATA[', at)) {
      const end = after(text, at + 9, ']]>');
      if (end < 0 || element === undefined) return undefined;
      element.text += text.slice(at + 9, end - 3);
      at = end;
    } else if (text.startsWith('<!--', at)) at = after(text, at + 4, '-->');
    else if (text.startsWith('<?', at)) at = after(text, at + 2, '?>');
    else if (text.startsWith('<!DOCTYPE', at) && element === undefined && result === undefined)
      at = afterDoctype(text, at + 9);
    else if (text.startsWith('</', at)) {
      endTag.lastIndex = at;
      const found = endTag.exec(text);
      if (found === null || element === undefined || element.name !== found[1]) return undefined;
      open.pop();
      close(element);
      at += found[0].length;
    } else {
      startTag.lastIndex = at;
      const found = startTag.exec(text);
      // One element holds all others.
      if (found === null || (element === undefined && result !== undefined)) return undefined;
      if (element !== undefined) endText(element);
      const made = elementOf(found[1] ?? '', found[2] ?? '');
      if (found[3] === '/') close(made);
      else if (open.push(made) > xmlDepthMax) return undefined;
      at += found[0].length;
    }
    if (at < 0) return undefined;
  }
  return open.length === 0 ? result : undefined;
}

function elementOf(name: string, attributes: string): Element {
  const element: Element = { name, members: new Map(), text: '' };
  for (const [, key, double, single] of attributes.matchAll(attribute)) {
    const member = `@${key ?? ''}`;
    if (element.members.has(member)) throw new NotXml();
    add(element, member, JSON.stringify(unescaped(double ?? single ?? '')));
  }
  return element;
}

export const xmlRows: readonly FunctionRow[] = [
  computedRow({
    name: 'parse_xml',
    takes: 'string',
    gives: 'dynamic',
    of: ([text]) => xmlAsJson(String(text ?? '')) ?? null,
  }),
];
