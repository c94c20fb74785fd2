/** The few pages that are rendered on the server: sign-in, device codes, errors. No script. */

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (letter) => escapes[letter] ?? letter);

/**
 * Headers of these pages. The redirects after a form's submission count as its target, so the
 * loopback address of command-line clients (RFC 8252 §7.3) stands beside our own origin.
 */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'; form-action 'self' http://127.0.0.1:*",
  // With `no-referrer` a browser sends `Origin: null` with the form, which is no proof of anything.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** A page; `body` is HTML, everything in it escaped already. */
export const renderPage = (title: string, body: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escapeHtml(title)} – Strongroom</title>
    <link rel="icon" href="/portal/mark.svg" />
    <link rel="stylesheet" href="/portal/sign-in.css" />
  </head>
  <body>
    <main class="card">
      <p class="brand">Strongroom</p>
      <h1>${escapeHtml(title)}</h1>
      ${body}
    </main>
  </body>
</html>
`;

/** The sign-in form. The password is never filled in again. */
export const signInPage = (of: { action: string; userName: string; error?: string }): string =>
  renderPage(
    'Sign in',
    `${of.error === undefined ? '' : `<p class="error" role="alert">${escapeHtml(of.error)}</p>`}
      <form method="post" action="${escapeHtml(of.action)}">
        <label>User name
          <input type="text" name="username" value="${escapeHtml(of.userName)}" autocomplete="username"
            autocapitalize="none" spellcheck="false" required autofocus />
        </label>
        <label>Password
          <input type="password" name="password" autocomplete="current-password" required />
        </label>
        <button type="submit">Sign in</button>
      </form>`,
  );

export const messagePage = (title: string, message: string): string =>
  renderPage(title, `<p class="note">${escapeHtml(message)}</p>`);
