import type { ScalarType } from '@strongroom/sql';
import { conversionTo, mayFail } from '../functions/conversion.js';
import type { Span } from '../diagnostics.js';
import { hasNull, type Bound } from './bound.js';
import type { Binder } from './binder.js';

/** The value as another type: itself, folded, or a call of that type's conversion. */
export function convert(value: Bound, to: ScalarType, _span: Span, binder: Binder): Bound {
  if (value.type === to) return value;
  const row = conversionTo(to);
  const made = binder.made(row, row.name, [value]);
  if (made.kind === 'call' && hasNull(to) && !value.nullable && !mayFail(value.type, to)) {
    return { ...made, nullable: false };
  }
  return made;
}
