import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { bearer, raw } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/** `strongroom` as people and scripts use it: what it prints, and how it ends. */
let service: Service;
before(async () => {
  service = await Service.start();
  await signInAdministrator(service);
});
after(() => service.remove());

/** Runs a command that has to succeed; resolves with its standard output. */
async function run(args: readonly string[], input?: string): Promise<string> {
  const result = await cli(service, args, input === undefined ? {} : { input });
  assert.equal(result.code, 0, `strongroom ${args.join(' ')}: ${result.notes}`);
  return result.out;
}

/** Runs a command that has to fail with an exit code; resolves with what it said. */
async function fails(
  code: number,
  args: readonly string[],
  options: { input?: string; environment?: Record<string, string> } = {},
): Promise<string> {
  const result = await cli(service, args, options);
  assert.equal(result.code, code, `strongroom ${args.join(' ')}: ${result.out}${result.notes}`);
  return result.notes;
}

const waiting = (message: string, count = 1) =>
  eventually(
    () =>
      cliJson<{ n: number }[]>(service, [
        'query',
        `Text_CL | where RawData has "${message}" | summarize n = count()`,
      ]),
    ([row]) => Number(row?.n) >= count,
  );

/** The rule and stream of `bootstrap.json`; who signs in has none. */
const send = (...files: string[]): string[] => ['--data', service.data, 'send', ...files];

const line = (message: string): string =>
  `${JSON.stringify({ TimeGenerated: new Date().toISOString(), FilePath: '/t', RawData: message })}\n`;

describe('help and mistakes', () => {
  test('the help of every command says what it does', async () => {
    const top = await run(['--help']);
    assert.match(top, /Exit codes: 0 done; 1 failed; 2 wrong usage/);
    const names = [...top.matchAll(/^ {2}([a-z]+)(?: \[| <|\s{2})/gm)].map((match) => match[1]!);
    for (const name of ['status', 'query', 'tail', 'send', 'workspace', 'agent', 'verify']) {
      assert.ok(names.includes(name), `${name} is in the help`);
    }
    const helps = await Promise.all(
      ['query', 'send', 'tail', 'verify', 'login', 'agent', 'workspace', 'table', 'role'].map(
        async (name) => ({ name, text: await run([name, '--help']) }),
      ),
    );
    for (const { name, text } of helps) assert.match(text, /Usage: strongroom/, name);
    assert.match(await run(['start', '--help']), /--root-key FILE/);
  });

  test('wrong usage ends with 2 and names what is wrong', async () => {
    assert.match(await fails(2, ['qurey']), /unknown command 'qurey'[^]*Did you mean query/);
    assert.match(await fails(2, ['query', '--timespna', 'P1D', 'print 1']), /--timespna/);
    assert.match(await fails(2, ['workspace', 'delete', 'default']), /--yes/);
    assert.match(await fails(2, ['query', '-'], { input: '' }), /no query/);
    assert.match(await fails(2, ['tail', '--since', 'yesterday']), /not a duration such as PT10M/);
    assert.match(await fails(2, ['query', '--timeout', 'soon', 'print 1']), /--timeout/);
  });

  test('a client that is not signed in ends with 3 and says how to sign in', async () => {
    const environment = { HOME: join(service.directory, 'nobody'), INIT_CWD: '/' };
    assert.match(await fails(3, ['status'], { environment }), /strongroom login/);
  });

  test('what is not there ends with 4', async () => {
    assert.match(await fails(4, ['-w', 'nowhere', 'query', 'print 1']), /no workspace nowhere/);
    await fails(4, ['table', 'show', 'Nothing_CL']);
    await fails(4, ['agent', 'revoke', 'nobody']);
    await fails(4, ['role', 'assign', 'Emperor', service.administrator.name]);
    await fails(4, ['verify', join(service.directory, 'nothing')]);
  });

  test('a service that does not answer ends with 6', async () => {
    const environment = {
      STRONGROOM_URL: 'https://localhost:1',
      STRONGROOM_CLIENT_ID: service.bootstrap.clientId,
      STRONGROOM_CLIENT_SECRET: service.bootstrap.clientSecret,
      STRONGROOM_TENANT_ID: service.bootstrap.tenantId,
      STRONGROOM_CA_FILE: service.bootstrap.caFile,
    };
    assert.match(await fails(6, ['status'], { environment }), /Nothing answers at .*:1/);
  });
});

describe('query', () => {
  const kql = 'range x from 1 to 2 step 1 | extend text = strcat("a,", x)';

  test('prints a table, JSON or CSV, from an argument or standard input', async () => {
    assert.match(await run(['query', kql]), /^x +text\n─+ +─+\n1 +a,1\n2 +a,2\n$/);
    assert.deepEqual(JSON.parse(await run(['--json', 'query', kql])), [
      { x: 1, text: 'a,1' },
      { x: 2, text: 'a,2' },
    ]);
    assert.equal(await run(['query', '--csv'], kql), 'x,text\r\n1,"a,1"\r\n2,"a,2"\r\n');
  });

  test('a wrong query ends with 1, says where and what was meant', async () => {
    const said = await fails(1, ['query', 'Heartbeat\n| where Computr == "x"']);
    assert.match(said, /line 2, column 9/);
    assert.match(said, /Did you mean 'Computer'/);
  });
});

describe('send and tail', () => {
  test('rows from standard input and from files are acknowledged and there', async () => {
    assert.match(await run(send(), line('fromInput')), /^1 rows? acknowledged/);
    const file = join(service.directory, 'rows.ndjson');
    await writeFile(file, line('fromFile') + line('fromFile'));
    const sent = await cliJson<{ rows: number }>(service, send(file, file));
    assert.equal(sent.rows, 4);
    await waiting('fromFile', 4);
    assert.equal(Number((await waiting('fromFile', 4))[0]?.n), 4);
    assert.equal(Number((await waiting('fromInput'))[0]?.n), 1);
  });

  test('a bad line ends with 2 and its number; so does a row that is no object', async () => {
    const input = `${line('good')}{"oops":\n`;
    assert.match(await fails(2, send(), { input }), /Line 2 /);
    assert.match(await fails(2, send(), { input: '17\n' }), /Line 1 /);
    assert.match(await fails(2, ['send'], { input: line('x') }), /--rule[^]*--data/);
  });

  test('a file that is not there ends with 4', async () => {
    assert.match(await fails(4, send('absent.ndjson')), /absent\.ndjson/);
  });

  test('tail prints a row that is sent while it runs, and ends with Ctrl-C', async () => {
    const stop = new AbortController();
    const tail = cli(service, ['--json', 'tail', 'Text_CL'], { signal: stop.signal });
    await run(send(), line('whileTailing'));
    await waiting('whileTailing');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    stop.abort();
    const { code, out } = await tail;
    assert.ok(code === 0 || code === 130, String(code));
    const rows = out
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row) as { RawData: string });
    assert.equal(rows.filter(({ RawData }) => RawData === 'whileTailing').length, 1);
  });
});

describe('administration', () => {
  test('status and workspaces', async () => {
    assert.match(await run(['status']), /version \S+[^]*Workspace +Journal[^]*default/);
    await run(['workspace', 'create', 'second', '--retention-days', '40']);
    assert.match(await run(['workspace', 'list']), /default[^]*second/);
    const shown = await cliJson<{ properties: { retentionInDays: number } }>(service, [
      'workspace',
      'show',
      'second',
    ]);
    assert.equal(shown.properties.retentionInDays, 40);
    await run(['workspace', 'delete', 'second', '--yes', '--force']);
    assert.doesNotMatch(await run(['workspace', 'list']), /second/);
  });

  test('tables', async () => {
    await run(['table', 'create', 'Orders_CL', 'Item:string', 'Amount:long']);
    assert.match(await run(['table', 'list', '--custom']), /Orders_CL/);
    assert.match(await run(['table', 'show', 'Orders_CL']), /Amount +long/);
    assert.deepEqual(JSON.parse(await run(['--json', 'query', 'Orders_CL | count'])), [
      { Count: 0 },
    ]);
    assert.match(await fails(2, ['table', 'create', 'X_CL', 'Amount']), /name:type/);
    await run(['table', 'delete', 'Orders_CL', '--yes']);
    assert.doesNotMatch(await run(['table', 'list', '--custom']), /Orders_CL/);
  });

  test('users, roles and applications', async () => {
    const { initialPassword } = await cliJson<{ initialPassword: string }>(service, [
      'user',
      'create',
      'rita',
    ]);
    assert.match(await run(['user', 'list']), /rita/);
    await run(['role', 'assign', 'Log Analytics Reader', 'rita']);
    assert.match(await run(['role', 'list']), /Log Analytics Reader/);
    const home = { HOME: join(service.directory, 'rita') };
    const login = ['--data', service.data, 'login', '--user', 'rita', '--password-stdin'];
    const signedIn = await cli(service, login, {
      input: `${initialPassword}\n`,
      environment: home,
    });
    assert.equal(signedIn.code, 0, signedIn.notes);
    const asRita = (args: readonly string[]) => cli(service, args, { environment: home });
    assert.equal((await asRita(['query', 'print 1'])).code, 0);
    const file = join(home.HOME, '.config', 'strongroom', 'login.json');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const refused = await asRita(['user', 'create', 'mallory']);
    assert.equal(refused.code, 3, refused.notes);
    await run(['role', 'remove', 'Log Analytics Reader', 'rita']);
    assert.notEqual((await asRita(['query', 'print 1'])).code, 0);
    await run(['user', 'disable', 'rita']);
    assert.equal((await asRita(['status'])).code, 3);
    assert.equal((await asRita(['logout'])).code, 0);
    await assert.rejects(stat(file));

    const made = await cliJson<{ id: string; clientSecret: string }>(service, [
      'application',
      'create',
      'robot',
    ]);
    assert.ok(made.clientSecret.length >= 32);
    const listed = await run(['--json', 'application', 'list']);
    assert.match(listed, /robot/);
    assert.ok(!listed.includes(made.clientSecret), 'the secret is shown once');
    await run(['application', 'delete', made.id]);
  });

  test('a wrong password ends with 3', async () => {
    const environment = { HOME: join(service.directory, 'guess') };
    const login = ['--data', service.data, 'login', '--user', 'admin', '--password-stdin'];
    assert.match(await fails(3, login, { input: 'wrong wrong wrong\n', environment }), /password/i);
  });

  test('a second agent is enrolled, runs, is listed and revoked', async () => {
    const made = await cliJson<{ command: string; key: string; keyId: string }>(service, [
      'agent',
      'key',
      'create',
      '--uses',
      '1',
    ]);
    const pin = /--pin (\S+)/.exec(made.command)?.[1] ?? '';
    const state = join(service.directory, 'second-agent');
    assert.match(await fails(1, ['agent', 'status', '--state', state]), /enrol/);
    const enrolment = ['agent', 'enrol', service.bootstrap.url, '--key', '-', '--pin', pin];
    const said = await run(
      [...enrolment, '--state', state, '--computer', 'second-machine'],
      `${made.key}\n`,
    );
    assert.match(said, /second-machine is agent/);
    const again = [...enrolment, '--state', join(service.directory, 'third'), '--computer', 'x'];
    assert.match(await fails(1, again, { input: `${made.key}\n` }), /key/i);
    const stop = new AbortController();
    const running = cli(service, ['agent', 'run', '--state', state], { signal: stop.signal });
    const rows = await eventually(
      () =>
        cliJson<object[]>(service, [
          'query',
          'Heartbeat | where Computer == "second-machine" | take 1',
        ]),
      (found) => found.length === 1,
    );
    assert.equal(rows.length, 1);
    assert.match(await run(['agent', 'status', '--state', state]), /second-machine/);
    stop.abort();
    await running;
    assert.match(await run(['agent', 'list']), /second-machine +\S+ +Active/);
    await run(['agent', 'revoke', 'second-machine']);
    assert.match(await run(['agent', 'list']), /second-machine +\S+ +Revoked/);
    assert.match(await run(['agent', 'key', 'list']), new RegExp(made.keyId));
    await run(['agent', 'key', 'revoke', made.keyId]);
  });
});

describe('verify', () => {
  /** The ledger of the default workspace: of all, the one that is longest. */
  const ledgers = async (directory: string): Promise<string[]> =>
    (await readdir(directory, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name === 'checkpoint')
      .map((entry) => entry.parentPath)
      .filter((path) => !path.includes('service'));

  let copy: string;
  let receipt: string;
  before(async () => {
    const { dcrImmutableId, streamName } = service.bootstrap;
    const answer = await raw(service, {
      method: 'POST',
      path: `/dataCollectionRules/${dcrImmutableId}/streams/${streamName}?api-version=2023-01-01`,
      headers: { authorization: await bearer(service), 'content-type': 'application/json' },
      body: `[${line('receipted')}]`,
    });
    assert.equal(answer.status, 204, answer.text);
    receipt = String(answer.headers['x-strongroom-receipt']);
    await waiting('receipted');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    copy = join(service.directory, 'copy');
    await mkdir(copy);
    for (const path of await ledgers(service.data)) {
      await cp(path, join(copy, String((await readdir(copy)).length), 'ledger'), {
        recursive: true,
      });
    }
  });

  test('is content with the data directory while the service runs', async () => {
    assert.match(await run(['verify', service.data]), /^ok /m);
  });

  test('takes keys, a checkpoint and a receipt that were kept elsewhere', async () => {
    const [ledger] = await ledgersWith(receipt);
    const keys = join(service.directory, 'kept-keys');
    const checkpoint = join(service.directory, 'kept-checkpoint');
    const kept = join(service.directory, 'kept-receipt');
    await cp(join(ledger!, 'public-keys'), keys);
    await cp(join(ledger!, 'checkpoint'), checkpoint);
    await writeFile(kept, `${receipt}\n`);
    const flags = ['--public-key', keys, '--checkpoint', checkpoint, '--receipt', kept];
    const verdict = await cliJson<{ ok: boolean }>(service, ['verify', ledger!, ...flags]);
    assert.equal(verdict.ok, true);
    await writeFile(
      kept,
      receipt.replace(/.{4}$/, (end) => (end === 'AAA=' ? 'AQA=' : 'AAA=')),
    );
    await fails(5, ['verify', ledger!, '--receipt', kept]);
  });

  test('a flipped byte in any file of a ledger ends with 5 and is named', async () => {
    const [ledger] = await ledgersWith(receipt);
    const files = (await readdir(ledger!, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile(),
    );
    assert.ok(files.length >= 3);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      const bytes = await readFile(path);
      if (bytes.length === 0 || (await isSuperseded(path))) continue;
      // A damaged last record there is what a cut write leaves: earlier checkpoints, none needed.
      if (basename(dirname(path)) === 'history') continue;
      const damaged = Buffer.from(bytes);
      const at = Math.floor(damaged.length / 2);
      damaged[at] = damaged[at]! ^ 0x01;
      await writeFile(path, damaged);
      const result = await cli(service, ['verify', ledger!]);
      assert.equal(result.code, 5, `${path}: ${result.out}${result.notes}`);
      assert.match(result.out, /FAILED[^]* LEDGER_\w+ /, path);
      await writeFile(path, bytes);
    }
    assert.match(await run(['verify', ledger!]), /^ok /m);
  });

  /** A partial tile that a longer one replaced proves nothing, and nothing reads it. */
  async function isSuperseded(path: string): Promise<boolean> {
    const widths = dirname(path).endsWith('.p') ? await readdir(dirname(path)) : [];
    return widths.some((width) => Number(width) > Number(basename(path)));
  }

  /** Copied ledgers that a receipt is of. */
  async function ledgersWith(text: string): Promise<string[]> {
    const origin = text.split(';')[1] ?? '?';
    const all = await Promise.all(
      (await ledgers(copy)).map(async (path) => ({
        path,
        own: (await readFile(join(path, 'checkpoint'), 'utf8')).startsWith(`${origin}\n`),
      })),
    );
    const found = all.filter(({ own }) => own).map(({ path }) => path);
    assert.equal(found.length, 1, `one ledger is ${origin}`);
    return found;
  }
});
