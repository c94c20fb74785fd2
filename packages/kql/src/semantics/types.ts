import type { ScalarType } from '@strongroom/sql';
import { isNumeric } from './signature.js';

const numericRank: Readonly<Partial<Record<ScalarType, number>>> = {
  int: 0,
  long: 1,
  real: 2,
  decimal: 3,
};

/** The type of arithmetic on two numbers; ints widen to long, as in Kusto. */
export function widest(left: ScalarType, right: ScalarType): ScalarType {
  const rank = Math.max(numericRank[left] ?? 1, numericRank[right] ?? 1);
  return rank === 3 ? 'decimal' : rank === 2 ? 'real' : 'long';
}

/** The type that values of all these types share (`iff`, `coalesce`, lists); undefined = none. */
export function commonType(types: readonly ScalarType[]): ScalarType | undefined {
  let common: ScalarType | undefined;
  for (const type of types) {
    if (common === undefined || common === type) common = type;
    else if (isNumeric(common) && isNumeric(type)) {
      common = (numericRank[common] ?? 0) > (numericRank[type] ?? 0) ? common : type;
    } else if (common === 'dynamic') common = type;
    else if (type === 'dynamic') continue;
    else return undefined;
  }
  return common;
}
