/** A query inside the editor's text: `start` is where it begins, in UTF-16 units. */
export interface QueryPart {
  readonly text: string;
  readonly start: number;
}

const blankLine = /\n[^\S\n]*(?=\n)/g;

/**
 * The query at the cursor. Queries in one editor are separated by blank lines, as in Azure's own
 * editor. A cursor on a blank line means the query before it, else the one after.
 */
export function queryAt(text: string, offset: number): QueryPart {
  const parts = queriesIn(text);
  const at = parts.findLast((part) => part.start <= offset) ?? parts[0];
  return at ?? { text: '', start: 0 };
}

/** All queries in the text, in order; those of white space only are left out. */
export function queriesIn(text: string): QueryPart[] {
  // Same length, so that offsets stay true.
  const unified = text.replaceAll('\r', ' ');
  const parts: QueryPart[] = [];
  let start = 0;
  const push = (end: number): void => {
    const piece = unified.slice(start, end);
    const trimmed = piece.trim();
    if (trimmed === '') return;
    const lead = piece.length - piece.trimStart().length;
    const from = start + lead;
    parts.push({ text: text.slice(from, from + trimmed.length), start: from });
  };
  for (const match of unified.matchAll(blankLine)) {
    push(match.index);
    start = match.index;
  }
  push(unified.length);
  return parts;
}

/** 1-based line and column of an offset. */
export function positionOf(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, Math.max(0, offset));
  const line = before.split('\n').length;
  return { line, column: before.length - before.lastIndexOf('\n') };
}

/** A name as it must stand in KQL: bracketed where it is no plain identifier. */
export function quotedName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `['${name.replaceAll("'", "\\'")}']`;
}
