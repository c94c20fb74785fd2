/**
 * The service's own log: one line an event, for operators. Never a secret, never customer data,
 * never an engine's error text (it quotes rows).
 */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Lines of JSON, handed to `write` with their newline. */
export function createLog(write: (line: string) => void, now: () => number): Log {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      write(
        `${JSON.stringify({ time: new Date(now()).toISOString(), level, event, ...fields })}\n`,
      );
    };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

/** What may be logged of something thrown: its kind and code, never its text. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const engineCode =
    'engineCode' in error && typeof error.engineCode === 'number' ? error.engineCode : undefined;
  const frame = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
  return { error: error.name, code, engineCode, at: frame?.trim().slice(0, 200) };
}
