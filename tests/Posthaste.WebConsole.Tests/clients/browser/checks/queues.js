'use strict';

const assert = require('node:assert');
const { api, base, check, eventually, publish, queueUrl, queueWith, tile, unique } = require('../harness');

const ready = row => row.getByRole('cell').nth(2).innerText();

check('the list shows a new message without a reload', async page => {
  const name = await queueWith(1, 'live');
  await page.goto(`${base}/queues?filter=${name}`);
  const row = page.getByRole('row', { name });
  assert.equal(await ready(row), '1');
  await page.evaluate(() => { window.isSamePage = true; });
  await publish(name, 'another');
  await eventually(async () => await ready(row) === '2', 'the new count');
  assert.ok(await page.evaluate(() => window.isSamePage));
});

check('rates and plots move while a client publishes', async page => {
  await page.goto(queueUrl('warehouse.orders'));
  await eventually(async () => await tile(page, 'In') > 0, 'a rate of the queue');
  assert.match(await page.locator('#consumers').innerText(), /127\.0\.0\.1/);
  await page.goto(base);
  await eventually(async () => await tile(page, 'Published') > 0, 'a rate of the broker');
  const line = page.locator('#rates path.line.rate[d*=L]');
  await line.waitFor({ state: 'attached' });
  const before = await line.getAttribute('d');
  await eventually(async () => await line.getAttribute('d') !== before, 'another point of the plot');
  const words = await page.locator('#rates').getByRole('img').getAttribute('aria-label');
  assert.match(words, /^Messages per second, last ten minutes\. Published: now [\d,.]+\/s, highest/);
});

check('updates can be paused', async page => {
  const name = await queueWith(0, 'paused');
  await page.goto(queueUrl(name));
  const toggle = page.getByRole('button', { name: 'Pause updates' });
  await toggle.click();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  let asked = 0;
  page.on('request', () => asked++);
  await publish(name, 'unseen');
  await toggle.click();
  assert.equal(asked, 0);
  await eventually(async () => await tile(page, 'Ready') === 1, 'the count after the pause');
});

check('what is folded open and typed stays when the page updates', async page => {
  const name = await queueWith(0, 'kept');
  await page.goto(queueUrl(name));
  await page.getByText('Purge…').click();
  await publish(name, 'x');
  await eventually(async () => await tile(page, 'Ready') === 1, 'the update');
  assert.ok(await page.getByRole('button', { name: `Purge ${name}` }).isVisible());
});

check('a queue is declared, purged and deleted', async page => {
  const name = unique('declared');
  await page.goto(`${base}/queues`);
  await page.getByText('Declare a queue…').click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Arguments, one per line').fill('x-max-length = 5');
  await page.getByRole('button', { name: 'Declare' }).click();
  await page.getByRole('status').getByText(`Queue ${name} is there.`).waitFor();
  assert.deepEqual((await api('GET', `queues/%2F/${name}`)).arguments, { 'x-max-length': 5 });

  await publish(name, 'one');
  await page.goto(queueUrl(name));
  await page.getByText('Purge…').click();
  await page.getByRole('button', { name: `Purge ${name}` }).click();
  await page.getByRole('status').getByText('was purged').waitFor();
  assert.equal(await tile(page, 'Ready'), 0);

  await page.getByText('Delete…').click();
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.waitForURL(`${base}/queues`);
  assert.ok(!(await api('GET', 'queues')).some(queue => queue.name === name));
});

check('messages are looked at without being touched', async page => {
  const name = await queueWith(22, 'looked-at');
  await page.goto(queueUrl(name));
  await page.getByRole('link', { name: 'Look at messages' }).click();
  await page.getByText('message 19', { exact: true }).waitFor();
  assert.equal(await page.getByRole('article').count(), 20);
  await page.getByRole('link', { name: 'Later' }).click();
  await page.getByText('message 21', { exact: true }).waitFor();
  assert.equal(await page.getByRole('article').count(), 2);
  const [first] = await api('POST', `queues/%2F/${name}/get`, { ackmode: 'ack_requeue_false' });
  assert.deepEqual([first.payload, first.redelivered, first.message_count], ['message 0', false, 21]);
});

check('a name that tries to be a script stays text', async page => {
  const name = await queueWith(0, '<img src=x onerror=alert(1)>"\'&');
  await page.goto(`${base}/queues`);
  await page.getByRole('link', { name }).click();
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), name);
});

check('a list sorts by what is clicked', async page => {
  const prefix = unique('sorted');
  for (let i = 1; i <= 3; i++) await queueWith(i, prefix);
  await page.goto(`${base}/queues?filter=${prefix}`);
  await page.getByRole('link', { name: 'Ready' }).click();
  assert.equal(await page.locator('th[aria-sort]').innerText(), 'Ready ↓');
  assert.deepEqual(await page.locator('#queues td:nth-child(4)').allInnerTexts(), ['3', '2', '1']);
  await page.getByRole('link', { name: /Ready/ }).click();
  assert.deepEqual(await page.locator('#queues td:nth-child(4)').allInnerTexts(), ['1', '2', '3']);
});
