'use strict';

const assert = require('node:assert');
const { base, check, eventually, queueUrl, segment } = require('../harness');

check('channels are listed, sorted and looked at', async page => {
  await page.goto(`${base}/channels`);
  await page.getByRole('link', { name: 'In /s' }).click();
  const first = page.locator('#channels tr').first();
  await eventually(async () => Number(await first.getByRole('cell').nth(8).innerText()) > 0, 'the busiest channel first');
  const name = await first.getByRole('link').innerText();
  await first.getByRole('link').click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await page.getByRole('row', { name: /^warehouse\.orders/ }).getByText('on delivery').waitFor();
  await page.getByRole('link', { name: name.replace(/ \(\d+\)$/, '') }).click();
  await page.waitForURL(/\/connection\?/);
});

check('consumers are listed by queue and by protocol, with their state', async page => {
  await page.goto(`${base}/consumers?filter=warehouse`);
  const row = page.locator('#consumers tr');
  assert.equal(await row.count(), 1);
  const cells = await row.locator('th, td').allInnerTexts();
  assert.deepEqual([cells[0], cells[3], cells[4], cells[5], cells[6]],
    ['warehouse.orders', 'AMQP 0-9-1', 'guest', 'up', 'on delivery']);
  await page.getByLabel('Protocol').selectOption({ label: 'MQTT' });
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('No consumer is like that.').waitFor();
});

check('a queue says who consumes it', async page => {
  await page.goto(queueUrl('warehouse.orders'));
  await page.locator('#consumers').getByText('on delivery').waitFor();
  await page.locator('#consumers').getByRole('link', { name: /127\.0\.0\.1/ }).click();
  await page.waitForURL(/\/channel\?/);
});

check('the focus stays on its row when the row moves', async page => {
  await page.goto(`${base}/queues?sort=messages_ready&reverse=true`);
  const link = page.getByRole('link', { name: 'audit.log' });
  await link.focus();
  await page.evaluate(() => {
    const rows = document.getElementById('queues');
    rows.append(rows.querySelector('tr')); // Out of order, so that the next update moves rows.
    document.activeElement.blur();
    [...rows.querySelectorAll('a')].find(a => a.textContent.trim() === 'audit.log').focus();
    window.firstRow = rows.firstElementChild;
  });
  await page.waitForFunction(() => document.getElementById('queues').firstElementChild !== window.firstRow);
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'audit.log');
});

check('nothing is read out while numbers change', async page => {
  for (const path of ['/', `/queue?vhost=%2F&name=${segment('audit.log')}`, '/connections']) {
    await page.goto(base + path);
    await page.evaluate(() => {
      window.spoken = [];
      const watch = new MutationObserver(changes => window.spoken.push(...changes.map(change => change.target.outerHTML)));
      for (const region of document.querySelectorAll('[aria-live], [role=status], [role=alert]')) {
        watch.observe(region, { subtree: true, childList: true, characterData: true, attributes: true });
      }
    });
    for (let i = 0; i < 2; i++) await page.waitForResponse(answer => answer.request().headers()['x-refresh'] === 'yes');
    assert.deepEqual(await page.evaluate(() => window.spoken), []);
  }
});
