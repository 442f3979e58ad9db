'use strict';

const assert = require('node:assert');
const axe = require('axe-core');
const { api, base, check, publish, queueUrl, queueWith, segment } = require('../harness');

/** Everything that axe knows to be wrong by WCAG 2.2 AA, contrast of every text included. */
async function assertAccessible(page, where = page.url()) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run({
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  assert.deepEqual(violations.map(rule => `${where}: ${rule.id}: ${rule.nodes.map(node => node.html).join(' | ')}`), []);
}

/** Headings go down by one level at a time, from one first one. */
async function assertHeadings(page) {
  const levels = await page.locator('h1, h2, h3, h4').evaluateAll(all => all
    .filter(heading => heading.checkVisibility()).map(heading => Number(heading.tagName[1])));
  assert.equal(levels.filter(level => level === 1).length, 1);
  assert.equal(levels[0], 1);
  levels.reduce((before, level) => {
    assert.ok(level <= before + 1, `h${level} follows h${before}`);
    return level;
  });
}

async function everyPage() {
  const queue = await queueWith(2, 'accessible');
  const target = await queueWith(0, 'accessible-target');
  await api('PUT', 'exchanges/%2F/accessible-later', { type: 'x-delayed-message', arguments: { 'x-delayed-type': 'fanout' } });
  await publish('key', 'later', 'accessible-later', { headers: { 'x-delay': 3_600_000 } });
  await deadLetter();
  const shop = (await api('GET', 'connections')).find(one => one.user_provided_name === 'shop');
  await api('POST', `queues/%2F/${queue}/move`, { destination: target, rate: 1, background: true });
  return [
    '/dead-letters', '/dead-letter?vhost=%2F&name=accessible-dead&dry=yes', '/moves', '/delayed',
    '/delayed-messages?vhost=%2F&name=accessible-later', `/move?vhost=%2F&name=${queue}&to=${target}&dry=yes`,
    '/', '/queues', queueUrl(queue).slice(base.length), '/exchanges', '/exchange?vhost=%2F&name=amq.topic',
    `/explain?vhost=%2F&exchange=amq.default&key=${queue}`, '/connections', `/connection?name=${segment(shop.name)}`, '/channels',
    `/channel?name=${segment(`${shop.name} (1)`)}`, '/consumers', '/topology?vhost=%2F', '/limits',
    '/user?name=guest&may=read-queue&subject=q&vhost=%2F', `/messages?vhost=%2F&name=${queue}&as=hex`, '/policies', '/vhosts', '/users', '/user?name=guest',
    '/definitions', `/messages?vhost=%2F&name=${queue}`,
  ];
}

async function deadLetter() {
  await api('PUT', 'queues/%2F/accessible-dead', {});
  await api('PUT', 'queues/%2F/accessible-origin', {
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'accessible-dead' },
  });
  await publish('accessible-origin', 'dead');
  await api('POST', 'queues/%2F/accessible-origin/get', { ackmode: 'reject_requeue_false' });
}

const desk = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };

check('every page is accessible in light and dark, on a desk and on a phone, and asks nobody else', async page => {
  const elsewhere = [];
  page.on('request', request => request.url().startsWith(base) || elsewhere.push(request.url()));
  for (const path of await everyPage()) {
    await page.setViewportSize(desk);
    await page.goto(base + path);
    await assertHeadings(page);
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page, `${path} in ${colorScheme}`);
    }
    await page.setViewportSize(phone);
    await assertAccessible(page, `${path} on a phone`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${path} is ${overflow} px wider than the screen`);
  }
  assert.deepEqual(elsewhere, []);
});

check('the login is accessible', async page => {
  await page.goto(`${base}/login`);
  await assertAccessible(page);
}, { user: null });

check('a queue is purged with the keyboard alone', async page => {
  const name = await queueWith(3, 'keyboard');
  await page.goto(`${base}/queues?filter=${name}`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Skip to content');
  await page.keyboard.press('Enter');
  await tabTo(page, name);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/queue\?/);
  await tabTo(page, 'Purge…');
  await page.keyboard.press('Enter');
  await tabTo(page, `Purge ${name}`);
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('was purged').waitFor();
});

/** Presses Tab until what has the focus says `text`; each stop has to show that it has the focus. */
async function tabTo(page, text) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const [label, outline] = await page.evaluate(() => [
      document.activeElement.innerText?.trim(), getComputedStyle(document.activeElement).outlineStyle,
    ]);
    assert.notEqual(outline, 'none', `the focus can't be seen on ${label}`);
    if (label === text) return;
  }
  throw new Error(`no way to ${text} by Tab`);
}
