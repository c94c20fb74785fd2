import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { browserMissing, Visitors } from '../support/browser.js';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { azureClients, rowsOf } from '../support/clients.js';
import { Service, eventually } from '../support/service.js';

const missing = await browserMissing();
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing);

/** Whole journeys of people in a browser, against a real service with an agent. */
describe('the portal', { skip: missing ?? false }, () => {
  let service: Service;
  let visitors: Visitors;
  let pictures: string;
  let admin: Page;

  before(async () => {
    service = await Service.start({ agent: true });
    visitors = await Visitors.open(service);
    pictures = process.env['PICTURES'] ?? (await mkdtemp(join(tmpdir(), 'strongroom-pictures-')));
    admin = await visitors.visitor();
  });
  after(async () => {
    await visitors?.close();
    await service?.remove();
    if (process.env['PICTURES'] === undefined && pictures !== undefined) {
      await rm(pictures, { recursive: true, force: true });
    }
  });

  const portal = (path = ''): string => `${service.bootstrap.url}/portal/${path}`;
  const address = (query: string): string =>
    portal(
      `logs#workspace=${service.bootstrap.workspaceId}&timespan=P1D&query=${encodeURIComponent(query)}`,
    );
  const main = (page: Page) => page.getByRole('main');
  const grid = (page: Page) => page.getByRole('grid', { name: 'Results' });
  const stats = (page: Page) => main(page).getByRole('status').filter({ hasText: /rows?/ });

  async function fillSignIn(page: Page, name: string, password: string): Promise<void> {
    await page.getByLabel('User name').fill(name);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  async function signIn(page: Page, name: string, password: string): Promise<void> {
    // The portal asks who is there, and is told: nobody.
    await provoking(/status of 401.*\/api\/session/, async () => {
      await page.goto(portal());
      await page.getByRole('button', { name: 'Sign in' }).click();
    });
    await fillSignIn(page, name, password);
    await page.getByRole('button', { name: /Account menu/ }).waitFor();
  }

  /** Replaces the query and runs it as a person does. */
  async function run(page: Page, query: string): Promise<void> {
    await page.locator('.query-editor[data-ready=true]').waitFor();
    await page.getByRole('textbox', { name: /Query editor/ }).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(query);
    await page.keyboard.press('Shift+Enter');
  }

  /** Runs what is expected to make the browser log a refusal. */
  async function provoking<T>(what: RegExp, act: () => Promise<T>): Promise<T> {
    visitors.expected = what;
    try {
      return await act();
    } finally {
      visitors.expected = undefined;
    }
  }

  const cells = (page: Page): Promise<string[]> =>
    grid(page).getByRole('gridcell').allTextContents();

  test('signs in as the administrator that the start printed, after a wrong password', async () => {
    const { name, password } = service.administrator;
    await provoking(/status of 401/, async () => {
      await admin.goto(portal());
      await admin.getByRole('button', { name: 'Sign in' }).click();
      await fillSignIn(admin, name, 'not the password');
      await admin
        .getByRole('alert')
        .filter({ hasText: /password/i })
        .waitFor();
    });
    assert.equal(await admin.getByLabel('Password').inputValue(), '');
    await fillSignIn(admin, name, password);
    await admin.getByRole('button', { name: /Account menu/ }).waitFor();
    assert.match(admin.url(), /\/portal\/(?:logs)?$/);
  });

  test('a query typed and run with Shift+Enter shows its rows, and lives in the address', async () => {
    await run(admin, 'range x from 1 to 3 step 1 | extend y = strcat("row ", x)');
    await grid(admin).waitFor();
    assert.deepEqual(await cells(admin), ['1', 'row 1', '2', 'row 2', '3', 'row 3']);
    assert.deepEqual(await grid(admin).getByRole('columnheader').allTextContents(), ['x', 'y']);
    const fields = new URLSearchParams(new URL(admin.url()).hash.slice(1));
    assert.equal(fields.get('query'), 'range x from 1 to 3 step 1 | extend y = strcat("row ", x)');
    assert.equal(fields.get('workspace'), service.bootstrap.workspaceId);
    await admin.reload();
    await grid(admin).waitFor();
    assert.equal((await cells(admin)).length, 6);
  });

  test('a row opens in detail, moves with the arrows and closes with Escape', async () => {
    await grid(admin).getByRole('gridcell', { name: 'row 2' }).click();
    const detail = admin.getByRole('complementary', { name: 'Row detail' });
    await detail.getByRole('definition').filter({ hasText: 'row 2' }).waitFor();
    await admin.keyboard.press('ArrowDown');
    await detail.getByRole('definition').filter({ hasText: 'row 3' }).waitFor();
    await admin.keyboard.press('Escape');
    await detail.waitFor({ state: 'detached' });
  });

  test('a stored row is proved, and the file that is downloaded verifies offline', async () => {
    // The log follows its queries, and the result before stays until the next one is there.
    const logged = await eventually(
      () => rowsOf(azureClients(service), service.bootstrap.workspaceId, 'LAQueryLogs | take 1'),
      (rows) => rows.length > 0,
    );
    assert.equal(logged.length, 1);
    await run(admin, 'LAQueryLogs | take 1');
    await grid(admin).getByRole('columnheader', { name: 'TimeGenerated' }).waitFor();
    await grid(admin).getByRole('gridcell').first().click();
    const detail = admin.getByRole('complementary', { name: 'Row detail' });
    await detail.getByRole('button', { name: 'Prove this row' }).click();
    await detail.getByRole('status').filter({ hasText: 'Proved' }).waitFor();
    await admin.screenshot({ path: join(pictures, 'proof.png') });
    const waiting = admin.waitForEvent('download');
    await detail.getByRole('button', { name: 'Download proof' }).click();
    const file = join(service.directory, 'row.tlog-proof');
    await (await waiting).saveAs(file);
    const [region] = await readdir(join(service.data, 'regions'));
    const { workspaceId } = service.bootstrap;
    const keys = join(service.data, 'regions', region!, 'workspaces', workspaceId, 'ledger');
    const verified = await cli(service, [
      'verify',
      '--proof',
      file,
      '--public-key',
      join(keys, 'public-keys'),
    ]);
    assert.equal(verified.code, 0, verified.out + verified.notes);
    assert.match(verified.out, /a row of LAQueryLogs/);
    await admin.keyboard.press('Escape');
  });

  test('render timechart shows a chart, and its rows on request', async () => {
    await run(
      admin,
      'range t from ago(1h) to now() step 1m | summarize n = count() by bin(t, 5m) | render timechart',
    );
    await admin.getByRole('radio', { name: 'Chart', checked: true }).waitFor();
    await admin.getByRole('figure', { name: 'timechart' }).locator('svg, canvas').first().waitFor();
    await admin.screenshot({ path: join(pictures, 'chart.png') });
    await admin.getByRole('radio', { name: 'Table' }).click();
    await grid(admin).waitFor();
  });

  test('a misspelt name is marked in the editor, explained, and told what was meant', async () => {
    await provoking(/status of 400/, async () => {
      await run(admin, 'Heartbeat | where Computr == "x"');
      const alert = main(admin).getByRole('alert', { name: 'Query errors' });
      await alert
        .getByText(/Computer/)
        .first()
        .waitFor();
      await alert.getByText(/1:19/).waitFor();
      await admin.locator('.squiggly-error').first().waitFor();
      await admin.screenshot({ path: join(pictures, 'error.png') });
    });
  });

  test('a hundred thousand rows scroll to their end while the page stays small', async () => {
    await run(admin, 'range x from 1 to 100000 step 1');
    await stats(admin).getByText('100,000').waitFor();
    const nodes = () => admin.locator('*').count();
    const before = await nodes();
    const place = grid(admin);
    for (const part of [0.25, 0.5, 0.75, 1]) {
      await place.evaluate((element, at) => {
        element.scrollTop = element.scrollHeight * at;
      }, part);
      await admin.waitForTimeout(100);
      assert.ok((await nodes()) < before + 300, 'rows that left the view stay in the page');
    }
    await grid(admin).getByRole('gridcell', { name: '100000', exact: true }).waitFor();
  });

  test('a result of very many columns neither hangs the page nor floods it', async () => {
    await run(admin, 'union * | take 200');
    await grid(admin).and(admin.locator('[aria-colcount^="2"]')).waitFor();
    const columnCount = Number(await grid(admin).getAttribute('aria-colcount'));
    assert.ok(columnCount > 2_000, `${columnCount} columns`);
    const count = await grid(admin).locator('*').count();
    assert.ok(count < 3_000, `${count} elements`);
    await grid(admin).focus();
    await admin.keyboard.press('ArrowDown');
    await admin.keyboard.press('End');
    await grid(admin).locator(`[aria-colindex="${columnCount}"]`).first().waitFor();
  });

  test('the Data page says what became of what was sent, and what stands over it', async () => {
    await admin.getByRole('link', { name: 'Data' }).click();
    await admin
      .getByRole('region', { name: 'Locks and holds' })
      .getByText('None stand here.')
      .waitFor();
    await admin.getByRole('region', { name: 'Retention' }).getByText(/keeps/).waitFor();
    const keys = admin.getByRole('region', { name: 'Keys' });
    await keys.getByRole('row', { name: /^Ledger signature .* Nothing$/ }).waitFor();
    assert.equal(await keys.getByRole('row').count(), 5);
    await admin
      .getByRole('region', { name: 'Accounting' })
      .getByText(/Stream|Nothing/)
      .first()
      .waitFor();
    await admin.screenshot({ path: join(pictures, 'data.png') });
  });

  test('the Agents page lists this machine, makes an enrolment line and revokes an agent', async () => {
    await admin.getByRole('link', { name: 'Agents' }).click();
    const row = admin.getByRole('row').filter({ hasText: hostname() });
    await row.getByText('Healthy').waitFor();
    await admin.getByRole('button', { name: 'Enrol a machine' }).click();
    await admin.getByRole('button', { name: 'Make the line' }).click();
    const line = await admin.getByTestId('enrol-command').textContent();
    assert.match(line ?? '', /strongroom agent enrol https:\/\/\S+ --key \S+ --pin sha256\/\S+/);
    await admin.getByRole('button', { name: 'Done' }).click();
    await admin.screenshot({ path: join(pictures, 'agents.png') });
    await admin.getByRole('button', { name: `Revoke ${hostname()}` }).click();
    await admin
      .getByRole('dialog')
      .getByRole('button', { name: /Revoke/ })
      .click();
    await row.getByText('Revoked').waitFor();
  });

  let password = '';
  test('the Access page makes a user and gives a role', async () => {
    await admin.getByRole('link', { name: 'Access' }).click();
    await admin.getByRole('button', { name: 'Add a user' }).click();
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel('User name').fill('rita');
    await dialog.getByLabel('Display name').fill('Rita Reader');
    await dialog.getByRole('button', { name: 'Add user' }).click();
    password = (await admin.getByTestId('initial-password').textContent()) ?? '';
    assert.ok(password.length >= 12);
    await admin.getByRole('button', { name: 'Done' }).click();
    await admin.getByRole('button', { name: 'Assign a role' }).click();
    await dialog.getByLabel('User').selectOption({ label: 'Rita Reader (rita)' });
    await dialog.getByLabel('Role').selectOption({ label: 'Log Analytics Reader' });
    await dialog.getByRole('button', { name: 'Assign' }).click();
    await admin
      .getByRole('region', { name: 'Role assignments' })
      .getByRole('row')
      .filter({ hasText: 'Rita Reader' })
      .getByText('Log Analytics Reader')
      .waitFor();
    await admin.screenshot({ path: join(pictures, 'access.png') });
  });

  test('the new user sees what the role allows and nothing else', async () => {
    await signInAdministrator(service);
    await cliJson(service, ['workspace', 'create', 'secret-project']);
    const rita = await visitors.visitor();
    await signIn(rita, 'rita', password);
    const workspaces = rita.getByRole('combobox', { name: 'Workspace' });
    assert.deepEqual(await workspaces.getByRole('option').allTextContents(), ['default']);
    await run(rita, 'print allowed = 1');
    await grid(rita).getByRole('gridcell', { name: '1', exact: true }).waitFor();
    await rita.getByRole('link', { name: 'Access' }).click();
    await rita.getByRole('heading', { name: 'Access' }).waitFor();
    assert.equal(await rita.getByRole('button', { name: 'Add a user' }).count(), 0);
    // A reader that assigns a role, makes a key or a user all the same, from its own session.
    const refused = await provoking(/status of 40[134]/, () =>
      rita.evaluate(async (workspaceId) => {
        const session = (await (await fetch('/api/session')).json()) as { csrfToken: string };
        const send = async (path: string, body: object): Promise<number> =>
          (
            await fetch(path, {
              method: 'POST',
              headers: { 'content-type': 'application/json', 'x-csrf-token': session.csrfToken },
              body: JSON.stringify(body),
            })
          ).status;
        return [
          await send('/api/users', { userName: 'mallory' }),
          await send(`/api/workspaces/${workspaceId}/enrollment-keys`, {}),
        ];
      }, service.bootstrap.workspaceId),
    );
    assert.deepEqual(refused, [403, 403]);
    await rita.context().close();
  });

  test('wrong passwords have to wait', async () => {
    const guesser = await visitors.visitor();
    await provoking(/status of 4(?:01|29)/, async () => {
      await guesser.goto(portal());
      await guesser.getByRole('button', { name: 'Sign in' }).click();
      const statuses: (number | undefined)[] = [];
      for (let attempt = 0; attempt < 8 && !statuses.includes(429); attempt += 1) {
        const answer = guesser.waitForResponse(
          (response) => response.request().method() === 'POST',
        );
        await fillSignIn(guesser, 'rita', `guess ${attempt}`);
        statuses.push((await answer).status());
      }
      assert.equal(statuses.at(-1), 429, statuses.join());
      await guesser
        .getByRole('alert')
        .filter({ hasText: /wait|again in|second/i })
        .waitFor();
    });
    await guesser.context().close();
  });

  for (const [name, size] of [
    ['wide', { width: 1440, height: 900 }],
    ['narrow', { width: 820, height: 1180 }],
  ] as const) {
    test(`pages fit a ${name} window in both themes`, async () => {
      await admin.setViewportSize(size);
      for (const theme of ['Light', 'Dark']) {
        await admin.goto(address('Heartbeat | take 20'));
        await grid(admin).waitFor();
        await admin.getByRole('button', { name: /Account menu/ }).click();
        await admin.getByRole('radio', { name: theme }).click();
        await admin.keyboard.press('Escape');
        for (const page of ['Logs', 'Data', 'Agents', 'Access']) {
          await admin.getByRole('link', { name: page }).click();
          if (page !== 'Logs') await admin.getByRole('heading', { name: page, level: 1 }).waitFor();
          await admin.getByText('Loading', { exact: true }).first().waitFor({ state: 'detached' });
          const over = await admin
            .locator('html')
            .evaluate((html) => html.scrollWidth - html.clientWidth);
          assert.ok(over <= 0, `${page} is ${over} pixels too wide`);
          await admin.screenshot({
            path: join(pictures, `${page}-${theme}-${name}.png`.toLowerCase()),
          });
        }
      }
    });
  }

  test('a session that nobody uses is ended, on the server as well', async () => {
    const idle = await visitors.visitor();
    await idle.clock.install();
    await signIn(idle, service.administrator.name, service.administrator.password);
    const cookies = await idle.context().cookies();
    await idle.clock.fastForward('31:00');
    await idle.getByText('Nobody was here for a while').waitFor();
    await assertEnded(cookies);
    await idle.context().close();
  });

  test('signing out ends the session on the server and empties the browser', async () => {
    const cookies = await admin.context().cookies();
    const answer = admin.waitForResponse((response) => response.request().method() === 'POST');
    await admin.getByRole('button', { name: /Account menu/ }).click();
    await admin.getByRole('button', { name: 'Sign out' }).click();
    assert.match((await (await answer).allHeaders())['clear-site-data'] ?? '', /"storage"/);
    await admin.getByRole('heading', { name: 'Signed out' }).waitFor();
    assert.deepEqual(
      (await admin.context().cookies()).filter(({ name }) => name.includes('session')),
      [],
    );
    await assertEnded(cookies);
  });

  /** The cookies of before open nothing any more. */
  async function assertEnded(cookies: readonly { name: string; value: string }[]): Promise<void> {
    assert.ok(cookies.length > 0);
    const thief = await visitors.visitor();
    await thief.context().addCookies(
      cookies.map(({ name, value }) => ({
        name,
        value,
        url: service.bootstrap.url,
        secure: true,
      })),
    );
    const answer = await thief.context().request.get(`${service.bootstrap.url}/api/session`);
    assert.equal(answer.status(), 401);
    await thief.context().close();
  }

  test('no page asked another origin, broke its policy or logged an error', () => {
    assert.deepEqual(visitors.complaints, []);
  });
});
