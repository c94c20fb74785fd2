import { problem, type Span } from '../diagnostics.js';
import type { Bound } from './bound.js';

/** What is grouped, parted or sorted by has an order, which a dynamic has not. */
export function refuseDynamicKey({ type }: Bound, span: Span, what: string): void {
  if (type !== 'dynamic') return;
  problem('KS116', `${what} cannot be dynamic`, span, 'Convert it, as with tostring(…).');
}
