import { Mark } from '../parts/icon.js';

const words = {
  new: ['Sign in to Strongroom', 'Logs that you can prove. Sign in to query your workspaces.'],
  ended: ['Your session has ended', 'Sign in again to go on. Your query is kept in this tab.'],
  idle: ['Signed out', 'Nobody was here for a while, so the session was ended.'],
  'signed-out': ['Signed out', 'The session has ended, and nothing of it is left in this browser.'],
} as const;

/** Where a user without a session is. */
export function EntryPage(props: {
  readonly why: keyof typeof words;
  readonly onSignIn: () => void;
}) {
  const [title, text] = words[props.why];
  return (
    <main className="entry">
      <div className="entry-card">
        <Mark size={40} />
        <h1>{title}</h1>
        <p>{text}</p>
        <button type="button" className="button primary large" onClick={props.onSignIn}>
          {props.why === 'new' ? 'Sign in' : 'Sign in again'}
        </button>
      </div>
    </main>
  );
}
