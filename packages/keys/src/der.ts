/** One DER element: its tag, its content, and all its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly whole: Uint8Array<ArrayBuffer>;
}

const sequenceTag = 0x30;

/**
 * The DER elements that lie one after the other in some bytes; `undefined` where a length is not in
 * its shortest form (X.690 §10.1), a tag has more than one byte, or bytes are missing or left over.
 */
export function derElements(bytes: Uint8Array): DerElement[] | undefined {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at]!;
    const first = bytes[at + 1];
    if ((tag & 0x1f) === 0x1f || first === undefined) return undefined;
    let start = at + 2;
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count < 1 || count > 3 || start + count > bytes.length) return undefined;
      length = bytes.subarray(start, start + count).reduce((value, byte) => value * 256 + byte, 0);
      if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1)))) return undefined;
      start += count;
    }
    const end = start + length;
    if (end > bytes.length) return undefined;
    elements.push({ tag, content: bytes.slice(start, end), whole: bytes.slice(at, end) });
    at = end;
  }
  return elements;
}

/** The elements of one SEQUENCE that is all there is; `undefined` for all else. */
export function sequenceElements(bytes: Uint8Array): DerElement[] | undefined {
  const [sequence, ...others] = derElements(bytes) ?? [];
  if (sequence?.tag !== sequenceTag || others.length > 0) return undefined;
  return derElements(sequence.content);
}

/** True where the bytes are one whole DER SEQUENCE with nothing after it. */
export function isOneSequence(bytes: Uint8Array): boolean {
  const [sequence, ...others] = derElements(bytes) ?? [];
  return sequence?.tag === sequenceTag && others.length === 0;
}
