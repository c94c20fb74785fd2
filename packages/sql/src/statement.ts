import type { Brand } from '@strongroom/base';
import type { Settings } from './select.js';

/**
 * One ClickHouse statement, ready to run: text with `{p0:Type}` placeholders and the values that
 * the engine binds to them. Only the printer makes it, so SQL joined by hand does not compile.
 */
export type Statement = Brand<
  {
    readonly text: string;
    /** Values by placeholder name, in ClickHouse's text form for the placeholder's type. */
    readonly parameters: Readonly<Record<string, string>>;
    /** Those in the text's own `SETTINGS`: a read-only session must have them already. */
    readonly settings?: Settings;
  },
  'Statement'
>;
