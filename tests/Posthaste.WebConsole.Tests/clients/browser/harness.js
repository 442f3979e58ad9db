// The checks in Chromium: how they are registered and run, and what they share.
'use strict';

const { chromium } = require('playwright-core');

const [base, executablePath] = process.argv.slice(2);
const checkLimitMs = 30_000;
const checks = [];

/** Registers a check; it gets a page of a browser that nobody has used, and is logged in unless it says otherwise. */
const check = (name, run, options = {}) => checks.push({ name, run, options });

let last = 0;
/** A name that nobody else uses. */
const unique = prefix => `${prefix}.${++last}`;

/** Asks the API as an administrator, and expects success. */
async function api(method, path, body) {
  const answer = await fetch(`${base}/api/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

const segment = encodeURIComponent;

/** A queue with messages; returns its name. */
async function queueWith(count, prefix = 'queue', declaration = {}) {
  const name = unique(prefix);
  await api('PUT', `queues/%2F/${segment(name)}`, { durable: true, ...declaration });
  for (let i = 0; i < count; i++) await publish(name, `message ${i}`);
  return name;
}

const publish = (key, payload, exchange = 'amq.default', properties = {}) =>
  api('POST', `exchanges/%2F/${segment(exchange)}/publish`, { routing_key: key, payload, properties });

/** Waits until `probe` returns something that is true, and returns it. */
async function eventually(probe, what) {
  const end = Date.now() + checkLimitMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

async function logIn(page, user = 'guest', password = user) {
  await page.goto(`${base}/login`);
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${base}/`);
}

/** The number of a tile with this label. */
const tile = async (page, label) => {
  const text = await page.locator('.tile', { has: page.getByRole('term').getByText(label, { exact: true }) }).locator('.number').innerText();
  return Number(text.replaceAll(',', ''));
};

const queueUrl = name => `${base}/queue?vhost=%2F&name=${segment(name)}`;

async function runOne(browser, { run, options }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options.context });
  const page = await context.newPage();
  page.setDefaultTimeout(checkLimitMs);
  const faults = [];
  page.on('pageerror', error => faults.push(error.message));
  page.on('console', message => message.type() === 'error' && faults.push(message.text()));
  try {
    if (options.user !== null) await logIn(page, options.user);
    await run(page, context);
    if (faults.length > 0 && !options.mayComplain) throw new Error(`the browser complains: ${faults.join('; ')}`);
  } finally {
    await context.close();
  }
}

/** How Chromium is started, whoever drives it. */
async function launchOptions() {
  // Chromium refuses to sandbox what root starts.
  return { executablePath: await which(executablePath), args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] };
}

/** Runs every check in turn and prints `ok NAME` or `not ok NAME: reason`, one line a check. */
async function runAll() {
  const browser = await chromium.launch(await launchOptions());
  try {
    for (const one of checks) {
      try {
        await runOne(browser, one);
        console.log(`ok ${one.name}`);
      } catch (error) {
        console.log(`not ok ${one.name}: ${String(error.message).replace(/\s+/g, ' ')}`);
      }
    }
  } finally {
    await browser.close();
  }
}

/** Playwright wants a path. */
async function which(program) {
  const { access } = require('node:fs/promises');
  const { delimiter, isAbsolute, join } = require('node:path');
  if (isAbsolute(program)) return program;
  for (const folder of process.env.PATH.split(delimiter)) {
    const path = join(folder, program);
    if (await access(path).then(() => true, () => false)) return path;
  }
  throw new Error(`${program} is not on the path`);
}

module.exports = {
  api, base, check, eventually, launchOptions, logIn, publish, queueUrl, queueWith, runAll, segment, tile, unique,
};
