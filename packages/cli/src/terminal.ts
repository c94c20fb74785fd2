/** The terminal as commands see it; tests hand in their own. */
export interface Terminal {
  /** Results. */
  out(text: string): void | Promise<void>;
  /** Progress, hints and errors. */
  note(text: string): void;
  /** True where standard error is a terminal: progress may rewrite its line. */
  readonly interactive: boolean;
  readonly columns: number;
  readonly input: AsyncIterable<Uint8Array>;
  /** True where standard input is a terminal. */
  readonly inputIsTerminal: boolean;
}

/** A column narrower than this says too little: then each row gets a block of its own. */
const readableWidth = 10;

/**
 * Rows for a person: columns with a header where they fit the terminal's width (long cells are cut),
 * else one block a row, in which empty values are left out.
 */
export function formatRows(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  width: number,
): string {
  const cells = rows.map((row) => columns.map((_, index) => formatCell(row[index])));
  const least = columns.reduce((sum, name, index) => {
    const widest = Math.max(
      displayWidth(name),
      ...cells.map((row) => displayWidth(row[index] ?? '')),
    );
    return sum + Math.min(widest, readableWidth) + 2;
  }, -2);
  if (least <= width || rows.length === 0) return formatTable(columns, rows, width);
  const label = Math.max(...columns.map(displayWidth));
  return cells
    .map((row, at) => {
      const lines = row.flatMap((cell, index) =>
        cell === '' ? [] : [`${pad(columns[index] ?? '', label)}  ${cell}\n`],
      );
      return `── row ${at + 1} ${'─'.repeat(Math.max(0, label - 4 - String(at + 1).length))}\n${lines.join('')}`;
    })
    .join('');
}

/** Rows as columns with a header, cells cut to fit the terminal's width. */
export function formatTable(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  width: number,
): string {
  const cells = rows.map((row) => columns.map((_, index) => formatCell(row[index])));
  const natural = columns.map((name, index) =>
    Math.max(displayWidth(name), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  const widths = fit(natural, Math.max(width - 2 * (columns.length - 1), columns.length * 4));
  const line = (values: readonly string[]): string =>
    values
      .map((value, index) => pad(value, widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((size) => '─'.repeat(size))), ...cells.map(line)]
    .map((text) => `${text}\n`)
    .join('');
}

/** One value on one line, without control characters that a terminal would act on. */
export function formatCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value as number | boolean | bigint);
  return text
    .replaceAll('\n', '⏎')
    .replaceAll('\t', ' ')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '�');
}

const displayWidth = (text: string): number => [...text].length;

function pad(text: string, size: number): string {
  const letters = [...text];
  if (letters.length > size) return `${letters.slice(0, Math.max(size - 1, 0)).join('')}…`;
  return text + ' '.repeat(size - letters.length);
}

/** Takes from the widest columns until all fit. */
function fit(natural: readonly number[], total: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, size) => sum + size, 0) - total;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= 4) break;
    const index = widths.indexOf(widest);
    const next = Math.max(4, ...widths.filter((size) => size < widest));
    const step = Math.min(excess, Math.max(1, widest - next));
    widths[index] = widest - step;
    excess -= step;
  }
  return widths;
}

/** One CSV line (RFC 4180). */
export function formatCsvLine(values: readonly unknown[]): string {
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return '';
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value as string);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${values.map(cell).join(',')}\r\n`;
}

/** A line on standard error that says how far something is; silent where nobody watches. */
export class Progress {
  readonly #terminal: Terminal;
  #shown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update(text: string): void {
    if (!this.#terminal.interactive) return;
    this.#terminal.note(`\r\u001b[K${text}`);
    this.#shown = true;
  }

  end(text: string): void {
    this.#terminal.note(this.#shown ? `\r\u001b[K${text}\n` : `${text}\n`);
  }
}
