import { portalPaths } from '@strongroom/api';
import { useState } from 'react';
import { useAct } from '../parts/loaded.js';
import { ActError } from '../parts/states.js';
import { useSession } from '../session.js';

export function AccountPage() {
  const { information, server } = useSession();
  const act = useAct();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [done, setDone] = useState(false);
  const differ = again !== '' && next !== again;
  return (
    <div className="content narrow">
      <header className="page-head">
        <div>
          <h1>Account</h1>
          <p>
            {information.user.displayName || information.user.name}, signed in as{' '}
            <strong>{information.user.name}</strong>
            {information.isAdministrator ? ', administrator' : ''}.
          </p>
        </div>
      </header>
      <section className="panel padded" aria-label="Change password">
        <h2>Change password</h2>
        <form
          className="fields"
          onSubmit={(event) => {
            event.preventDefault();
            setDone(false);
            act.run(async () => {
              await server.send('POST', portalPaths.ownPassword, {
                currentPassword: current,
                newPassword: next,
              });
              setCurrent('');
              setNext('');
              setAgain('');
              setDone(true);
            });
          }}
        >
          <input
            type="text"
            autoComplete="username"
            value={information.user.name}
            readOnly
            hidden
          />
          <label>
            Current password
            <input
              className="input"
              type="password"
              required
              autoComplete="current-password"
              value={current}
              onChange={(event) => setCurrent(event.currentTarget.value)}
            />
          </label>
          <label>
            New password
            <input
              className="input"
              type="password"
              required
              autoComplete="new-password"
              value={next}
              onChange={(event) => setNext(event.currentTarget.value)}
            />
          </label>
          <label>
            New password again
            <input
              className="input"
              type="password"
              required
              autoComplete="new-password"
              aria-invalid={differ}
              value={again}
              onChange={(event) => setAgain(event.currentTarget.value)}
            />
          </label>
          {differ && <p className="form-error">The two new passwords differ.</p>}
          <ActError error={act.error} />
          {done && (
            <p className="form-done" role="status">
              The password was changed.
            </p>
          )}
          <div>
            <button
              type="submit"
              className="button primary"
              disabled={act.busy || next === '' || next !== again}
            >
              Change password
            </button>
          </div>
        </form>
      </section>
    </div>
  );
}
