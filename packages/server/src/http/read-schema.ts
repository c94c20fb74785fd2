import { readShape } from '@strongroom/api';
import { HttpError } from './errors.js';

/** A body through one of `api`'s schemas. Throws a 400 that names the field, never its content. */
export function readSchema<Schema extends Parameters<typeof readShape>[0]>(
  schema: Schema,
  body: unknown,
): Extract<ReturnType<typeof readShape<Schema>>, { ok: true }>['value'] {
  const result = readShape(schema, body);
  if (result.ok) return result.value;
  throw new HttpError(
    400,
    'InvalidRequestContent',
    result.path === ''
      ? 'The request content was invalid.'
      : `The request content was invalid: '${result.path}'.`,
    result.path === '' ? {} : { detail: { target: result.path } },
  );
}
