import * as v from 'valibot';

/** A value read through a schema of this package, or the first thing that is wrong with it. */
export type ShapeResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** Dotted path of the field; `''` for the whole. */
      readonly path: string;
      readonly message: string;
    };

/** Reads a value from outside through a schema. Unknown properties are left out. */
export function readShape<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): ShapeResult<v.InferOutput<Schema>> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return { ok: true, value: result.output };
  const [issue] = result.issues;
  return { ok: false, path: v.getDotPath(issue) ?? '', message: issue.message };
}
