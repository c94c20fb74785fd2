import type { ResultColumn, Row } from './values.js';
import { formatCell, structureOf } from './values.js';

/**
 * Rows as CSV (RFC 4180, CRLF). Log text comes from strangers, and a spreadsheet runs a cell that
 * begins like a formula; so text that begins so is given a leading apostrophe. The JSON export has
 * every value as it is.
 */
export function csvOf(columns: readonly ResultColumn[], rows: readonly Row[]): string {
  const lines = [columns.map((column) => csvField(column.name, 'string')).join(',')];
  for (const row of rows)
    lines.push(columns.map(({ type }, at) => csvField(csvText(row[at], type), type)).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function csvText(value: unknown, type: string): string {
  // Datetimes keep all their digits and their zone; a file is read far from this browser.
  return formatCell(value, type === 'datetime' ? '' : type, 'utc');
}

function csvField(text: string, type: string): string {
  const free = type === 'string' || type === 'dynamic';
  const safe = free && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One row as tab-separated text for the clipboard; tabs and line ends inside become spaces. */
export function tabbedOf(columns: readonly ResultColumn[], row: Row): string {
  return columns
    .map(({ type }, at) => csvText(row[at], type).replace(/[\t\r\n]+/g, ' '))
    .join('\t');
}

/** Rows as a JSON array of objects; dynamic values as the structures they hold. */
export function jsonOf(columns: readonly ResultColumn[], rows: readonly Row[]): string {
  const objects = rows.map((row) => {
    // Entries, so that a column named __proto__ stays a column.
    return Object.fromEntries(
      columns.map(({ name, type }, at) => [
        name,
        (type === 'dynamic' ? structureOf(row[at], type) : undefined) ?? row[at] ?? null,
      ]),
    );
  });
  return JSON.stringify(objects, null, 2);
}
