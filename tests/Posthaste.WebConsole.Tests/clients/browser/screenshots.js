// Takes the pictures of the documentation: URL CHROMIUM FOLDER.
'use strict';

const { join } = require('node:path');
const { chromium } = require('playwright-core');
const { api, base, launchOptions, logIn } = require('./harness');

const folder = process.argv[4];
const desk = { width: 1280, height: 860 };
const phone = { width: 390, height: 844 };

/** Seconds that the shop runs before pictures are taken, so that plots have something to show. */
const warmUpMs = 60_000;

const pictures = [
  ['overview', '/', { viewport: desk, colorScheme: 'light' }],
  ['overview-dark', '/', { viewport: desk, colorScheme: 'dark' }],
  ['overview-phone', '/', { viewport: phone, colorScheme: 'light' }],
  ['topology', '/topology?vhost=%2F', { viewport: { width: 1280, height: 560 }, colorScheme: 'light' }],
  ['queue', '/queue?vhost=%2F&name=audit.log', { viewport: desk, colorScheme: 'light' }],
  ['messages', '/messages?vhost=%2F&name=audit.log', { viewport: desk, colorScheme: 'dark' }],
  ['explain', '/explain?vhost=%2F&exchange=shop.events&key=order.placed', { viewport: desk, colorScheme: 'light' }],
  ['dead-letters', '/dead-letter?vhost=%2F&name=graveyard&died-in=audit.log&reason=rejected&dry=yes',
    { viewport: desk, colorScheme: 'light' }],
  ['user', '/user?name=ada&may=write-exchange&subject=amq.topic&key=bob.news&vhost=%2F',
    { viewport: desk, colorScheme: 'dark' }],
];

/** What the shop alone does not show: a user with permissions, and messages that have died. */
async function stage() {
  await api('PUT', 'users/ada', { password: 'ada', tags: 'monitoring' });
  await api('PUT', 'permissions/%2F/ada', { configure: '^ada\\.', write: '^(ada\\.|amq\\.topic)', read: '.*' });
  await api('PUT', 'topic-permissions/%2F/ada', { exchange: 'amq.topic', write: '^{username}\\.', read: '.*' });
  await api('POST', 'queues/%2F/audit.log/get', { count: 6, ackmode: 'reject_requeue_false' });
}

async function main() {
  const browser = await chromium.launch(await launchOptions());
  await new Promise(resolve => setTimeout(resolve, warmUpMs));
  await stage();
  for (const [name, path, options] of pictures) {
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
    const page = await context.newPage();
    await logIn(page);
    await page.goto(base + path, { waitUntil: 'networkidle' });
    await page.screenshot({ path: join(folder, `console-${name}.png`) });
    await context.close();
  }
  await browser.close();
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
