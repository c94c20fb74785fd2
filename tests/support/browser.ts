import { access } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Service } from './service.js';

const executablePath = '/usr/bin/chromium';

/** Why no browser can be driven here, or `undefined`. */
export async function browserMissing(): Promise<string | undefined> {
  return access(executablePath).then(
    () => undefined,
    () => `${executablePath} is not installed`,
  );
}

/** A browser on one service, which notes whatever should not happen on any page. */
export class Visitors {
  readonly #service: Service;
  readonly #browser: Browser;
  /** Requests that left the origin, refused content, errors on the console and in pages. */
  readonly complaints: string[] = [];
  /** What a journey provokes: the browser logs each answer of 400 and above. */
  expected: RegExp | undefined;

  private constructor(service: Service, browser: Browser) {
    this.#service = service;
    this.#browser = browser;
  }

  static async open(service: Service): Promise<Visitors> {
    const browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new Visitors(service, browser);
  }

  /** Somebody with a browser of his own: no cookie of the others'. */
  async visitor(size = { width: 1440, height: 900 }): Promise<Page> {
    const context = await this.#browser.newContext({ ignoreHTTPSErrors: true, viewport: size });
    context.setDefaultTimeout(20_000);
    this.#watch(context);
    return context.newPage();
  }

  #watch(context: BrowserContext): void {
    const { origin } = new URL(this.#service.bootstrap.url);
    const complain = (text: string): void => {
      if (this.expected?.test(text) !== true) this.complaints.push(text);
    };
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.origin !== origin) {
        complain(`left the origin: ${request.url()}`);
      }
    });
    context.on('page', (page) => {
      page.on('pageerror', (error) => complain(`page error: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() !== 'error' && message.type() !== 'warning') return;
        complain(`console: ${message.text()} (${message.location().url})`);
      });
    });
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
