import { exportError } from './errors.js';
import { exportLimits } from './limits.js';

/** What a target in the network answered. */
export interface ObjectAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** One request. Redirects are not followed: rows go where the configuration says and nowhere else. */
export async function sendObject(
  url: string,
  request: {
    readonly method: 'GET' | 'PUT';
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
  },
): Promise<ObjectAnswer> {
  try {
    const { body } = request;
    const answer = await fetch(url, {
      method: request.method,
      headers: request.headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(exportLimits.requestMs),
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
    return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
  } catch (error) {
    throw exportError('EXPORT_TARGET_FAILED', 'The target of the export cannot be reached.', error);
  }
}

/** What a refusal says for itself: its code, without the text, which may quote our request. */
export function refusedByTarget({ status, body }: ObjectAnswer): Error {
  const text = new TextDecoder().decode(body.subarray(0, 4096));
  const code = /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(text)?.[1];
  return exportError(
    'EXPORT_TARGET_FAILED',
    `The target of the export answered ${status}${code === undefined ? '' : ` ${code}`}.`,
  );
}
