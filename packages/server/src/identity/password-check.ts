import type { Clock } from '@strongroom/base';
import type { Audit } from '../audit/audit.js';
import type { Catalog } from '../catalog/open-catalog.js';
import type { StoredUser } from '../catalog/records.js';
import { identityLimits } from './limits.js';
import type { Passwords } from './passwords.js';
import type { RefusalLog } from './refusal-log.js';
import { createThrottle } from './throttle.js';

/** One try of a person to prove who they are. */
export interface PasswordTry {
  readonly userName: string;
  readonly password: string;
  readonly callerIp: string;
  readonly correlationId?: string;
  /** What it is for: a sign-in, or a change of the password. */
  readonly operation: 'Microsoft.Strongroom/signIn/action' | 'Microsoft.Strongroom/password/write';
}

export type PasswordVerdict =
  | { readonly user: StoredUser }
  | { readonly refused: 'wrong' }
  | { readonly refused: 'wait'; readonly seconds: number };

/**
 * Checks passwords: throttled by user and address together and by address alone, with growing
 * waits and a lockout. An unknown or disabled user gets the answer of a wrong password, in the same
 * time. Each try is audited; a success before it counts.
 */
export type CheckPassword = (attempt: PasswordTry) => Promise<PasswordVerdict>;

export function createPasswordCheck(options: {
  catalog: Catalog;
  passwords: Passwords;
  audit: Audit;
  refusals: RefusalLog;
  clock: Clock;
}): CheckPassword {
  const { catalog, passwords, audit, refusals, clock } = options;
  const byUser = createThrottle({
    clock,
    free: identityLimits.passwordFailuresFree,
    failuresMax: identityLimits.passwordFailuresMax,
  });
  const byAddress = createThrottle({
    clock,
    free: identityLimits.addressFailuresMax,
    failuresMax: identityLimits.addressFailuresMax,
  });
  return async ({ userName, password, callerIp, correlationId, operation }) => {
    const name = userName.slice(0, 256).toLowerCase();
    const key = `${name} ${callerIp}`;
    const waitMs = Math.max(byUser.waitMs(key), byAddress.waitMs(callerIp));
    const common = {
      operation,
      target: '/',
      callerIp,
      ...(correlationId === undefined ? {} : { correlationId }),
    };
    if (waitMs > 0) {
      await refusals.record({
        ...common,
        principal: { anonymous: true, claimed: name },
        outcome: 'Refused',
        reason: 'Throttled',
      });
      return { refused: 'wait', seconds: Math.ceil(waitMs / 1000) };
    }
    // Counted as failed until it has succeeded: tries side by side do not share one allowance.
    byUser.failed(key);
    byAddress.failed(callerIp);
    const user = catalog.snapshot.usersByName.get(name);
    const matches = await passwords.verify(password, user?.passwordHash);
    if (!matches || user === undefined || user.disabled) {
      await refusals.record({
        ...common,
        principal: { anonymous: true, claimed: name },
        outcome: 'Refused',
        reason: 'InvalidCredential',
      });
      return { refused: 'wrong' };
    }
    await audit.record({
      ...common,
      principal: { kind: 'User', id: user.id, name: user.userName, proof: 'session' },
      outcome: 'Succeeded',
    });
    byUser.succeeded(key);
    // Only this try: whoever owns one account must not clear what he tried on others.
    byAddress.undo(callerIp);
    return { user };
  };
}
