import type { Json, JsonObject } from '../catalog/records.js';
import { isObject } from '../catalog/rule-properties.js';
import { HttpError } from '../http/errors.js';

/** Strict readers of request bodies. What does not fit throws a 400 that names the field. */

export const invalid = (target: string, message: string): HttpError =>
  new HttpError(400, 'InvalidParameter', message, { detail: { target } });

export const notSupported = (message: string, target?: string): HttpError =>
  new HttpError(
    400,
    'OperationNotSupported',
    message,
    target === undefined ? {} : { detail: { target } },
  );

/** The body as an object; an absent one is an error. */
export function readObject(value: Json | undefined, target = 'body'): JsonObject {
  if (isObject(value)) return value;
  if (target !== 'body') throw invalid(target, `'${target}' must be an object.`);
  throw new HttpError(
    400,
    'InvalidRequestContent',
    'The request content was invalid: a JSON object is expected.',
  );
}

export const readOptionalObject = (value: Json | undefined, target: string): JsonObject =>
  value === undefined || value === null ? {} : readObject(value, target);

export function readText(
  value: Json | undefined,
  target: string,
  limits: { charsMax?: number; oneOf?: readonly string[]; pattern?: RegExp } = {},
): string {
  if (typeof value !== 'string' || value === '') {
    throw invalid(target, `'${target}' must be a non-empty string.`);
  }
  if (value.length > (limits.charsMax ?? 1_024)) {
    throw invalid(target, `'${target}' is longer than ${limits.charsMax ?? 1_024} characters.`);
  }
  const { oneOf, pattern } = limits;
  const same = oneOf?.find((known) => known.toLowerCase() === value.toLowerCase());
  if (oneOf !== undefined && same === undefined) {
    throw invalid(target, `'${target}' must be one of ${oneOf.join(', ')}.`);
  }
  if (pattern !== undefined && !pattern.test(value)) {
    throw invalid(target, `'${target}' has a form that is not allowed.`);
  }
  return same ?? value;
}

export const readOptionalText = (
  value: Json | undefined,
  target: string,
  limits: Parameters<typeof readText>[2] = {},
): string | undefined =>
  value === undefined || value === null || value === ''
    ? undefined
    : readText(value, target, limits);

export function readInteger(
  value: Json | undefined,
  target: string,
  allowed: (value: number) => boolean,
  range: string,
): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || !allowed(value)) {
    throw invalid(target, `'${target}' must be ${range}.`);
  }
  return value;
}

export function readList(
  value: Json | undefined,
  target: string,
  lengthMax: number,
): readonly Json[] {
  if (!Array.isArray(value)) throw invalid(target, `'${target}' must be a list.`);
  if (value.length > lengthMax) {
    throw invalid(target, `'${target}' may have ${lengthMax} items at most.`);
  }
  return value as readonly Json[];
}

/** Tags: at most 50, names to 512 and values to 256 characters, as in Azure. */
export function readTags(value: Json | undefined): JsonObject {
  const tags = readOptionalObject(value, 'tags');
  const entries = Object.entries(tags);
  if (entries.length > 50) throw invalid('tags', 'A resource may have 50 tags at most.');
  for (const [name, text] of entries) {
    if (name === '' || name.length > 512 || typeof text !== 'string' || text.length > 256) {
      throw invalid('tags', 'Tag names have 1 to 512 characters, values are text of at most 256.');
    }
  }
  return tags;
}

/** A flag of the query, `true` or not, by a name of any letter case. */
export function readFlag(query: ReadonlyMap<string, string>, name: string): boolean {
  for (const [each, value] of query) {
    if (each.toLowerCase() === name.toLowerCase()) return value.toLowerCase() === 'true';
  }
  return false;
}
