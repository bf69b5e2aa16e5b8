// A real headless Chromium, and what goes wrong in its pages behind the scenes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './environment.js';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const launch = () =>
  chromium.launch({ executablePath: process.env.PHR_CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });

/** A page of a browser context of its own. */
export async function open(browser) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  context.setDefaultTimeout(20_000);
  return context.newPage();
}

/** Collects what a person would not notice: console errors, refused content, failed requests, foreign origins. */
export async function watch(watched, url) {
  const found = [];
  const context = watched.context();
  const listen = (source) =>
    source.on('console', (message) => {
      if (message.type() === 'error') found.push(`console: ${message.text()}`);
    });
  listen(watched);
  watched.on('worker', listen);
  watched.on('pageerror', (error) => found.push(`uncaught: ${error.stack ?? error}`));
  watched.on('crash', () => found.push('the page crashed'));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`content security policy: ${violatedDirective} refused ${blockedURI}`),
    );
  });
  const { origin } = new URL(url);
  context.on('request', (request) => {
    const asked = new URL(request.url());
    const local = ['data:', 'blob:'].includes(asked.protocol);
    if (!local && asked.origin !== origin) found.push(`request to another origin: ${asked.href}`);
  });
  context.on('requestfailed', (request) => {
    // A subscription ends by being stopped.
    const isStopped = request.headers().accept === 'text/event-stream' && request.failure()?.errorText === 'net::ERR_ABORTED';
    if (!isStopped) found.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  context.on('response', (response) => {
    if (response.status() >= 400) found.push(`HTTP ${response.status()}: ${response.url()}`);
  });
  return found;
}

/** Keeps a picture of a page in `target/`, for people to look at. */
export async function picture(shown, name) {
  mkdirSync(join(root, 'target'), { recursive: true });
  await shown.screenshot({ path: join(root, `target/${name}.png`) });
}
