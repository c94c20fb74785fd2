/** What a person who started the service needs next. */
export interface StartInformation {
  readonly url: string;
  /** Set at the first start and after a reset: the one time that the password is shown. */
  readonly administrator: { readonly userName: string; readonly password: string } | undefined;
  readonly dataDirectory: string;
  readonly rootKeyFile: string;
  readonly rootKeyMade: boolean;
  /** Whether `bootstrap.json` was written. */
  readonly bootstrap: boolean;
}

/** The block before the last line of a start. */
export function firstSteps(information: StartInformation): string {
  const { url, administrator, dataDirectory, rootKeyFile } = information;
  const lines = ['', `Portal      ${url}/portal/`];
  if (administrator !== undefined) {
    lines.push(
      `            sign in as ${administrator.userName} with password ${administrator.password}`,
      '            (shown this once; change it under Account)',
    );
  }
  lines.push(
    `Data        ${dataDirectory}: a copy of it cannot be read without the root key`,
    `Root key    ${rootKeyFile}: ${information.rootKeyMade ? 'made just now; ' : ''}keep a copy elsewhere; this account is trusted with it`,
    '',
    'Try next (in the clone):',
  );
  const data = information.bootstrap ? ` --data ${quoted(dataDirectory)}` : '';
  lines.push(
    `  npx strongroom${data} query 'Heartbeat | take 5'`,
    `  npx strongroom${data} tail`,
    `  npx strongroom${data} verify ${quoted(dataDirectory)}`,
    '',
  );
  return `${lines.join('\n')}\n`;
}

const quoted = (path: string): string =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
