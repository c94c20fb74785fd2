/**
 * Where exported files go. Objects are made once and never changed: a target may be one that could not
 * change them if it wanted. Names are relative, with `/` between their parts.
 */
export interface ExportTarget {
  /**
   * Makes an object. When it resolves, the object is durable with exactly this content, whether this
   * call made it or an earlier one did. Throws `EXPORT_OBJECT_DIFFERS` where another one is there,
   * `EXPORT_TARGET_FAILED` for everything else; then it may be there or not.
   */
  create(name: string, content: Uint8Array): Promise<void>;
  /** Whole content; `undefined` where there is no such object. Throws `EXPORT_TARGET_FAILED`. */
  read(name: string): Promise<Uint8Array | undefined>;
}
