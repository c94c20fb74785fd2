/**
 * The few globals that every JavaScript host has and that `lib.es2023` does not declare.
 *
 * Pure packages are compiled without Node's or the browser's types, so that `process` or `fs` in
 * them is a compile error. What stands here is all they get beyond the language itself.
 */
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}
