'use strict';

const assert = require('node:assert');
const { api, base, check, eventually, logIn, publish, queueWith, segment, tile, unique } = require('../harness');

check('a connection is looked at and closed', async page => {
  const connections = await api('GET', 'connections');
  const shop = connections.find(one => one.user_provided_name === 'shop');
  const connection = connections.find(one => one.user_provided_name === 'idle');
  await page.goto(`${base}/connections`);
  await page.getByRole('link', { name: shop.name }).click();
  await eventually(async () => await tile(page, 'Published') > 0, 'the rate of the connection');
  assert.equal(await page.locator('#channels tr').count(), 1);

  await page.goto(`${base}/connection?name=${segment(connection.name)}`);
  await page.getByText('Close…').click();
  await page.getByRole('button', { name: 'Close connection' }).click();
  await page.getByRole('status').getByText('was asked to close').waitFor();
  const isGone = async () => !(await api('GET', 'connections')).some(other => other.name === connection.name);
  await eventually(isGone, 'the end of the connection');
});

check('the topology shows where messages flow', async page => {
  await page.goto(`${base}/topology?vhost=%2F`);
  await page.getByRole('row', { name: 'shop.events order.* billing.invoices' }).waitFor();
  await page.locator('#picture text', { hasText: 'billing.invoices' }).waitFor();
  const still = page.locator('.flow').first();
  assert.equal(await still.evaluate(line => getComputedStyle(line).animationName), 'none');
}, { context: { reducedMotion: 'reduce' } });

check('a policy is set and deleted', async page => {
  const queue = await queueWith(0, 'governed');
  const name = unique('policy');
  await page.goto(`${base}/policies`);
  await page.getByText('Set a policy…').click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Names that match').fill(`^${queue}$`);
  await page.getByLabel('Definition, one setting per line').fill('max-length = 2');
  await page.getByRole('button', { name: 'Set' }).click();
  await page.getByRole('status').getByText('is in effect').waitFor();
  for (let i = 0; i < 3; i++) await publish(queue, `${i}`);
  assert.equal((await api('GET', `queues/%2F/${segment(queue)}`)).messages, 2);
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('status').getByText('was deleted').waitFor();
  assert.equal((await api('GET', 'policies')).some(policy => policy.name === name), false);
});

check('pages stay quick with ten thousand queues', async page => {
  const host = unique('crowd');
  await api('PUT', `vhosts/${host}`);
  const queues = Array.from({ length: 10_000 }, (_, i) => ({ name: `queue.${i}`, durable: true, arguments: {} }));
  await api('POST', `definitions/${host}`, { queues });
  await logIn(page);
  for (const path of ['/', `/queues?vhost=${host}`, `/queues?vhost=${host}&sort=messages_ready&reverse=true`,
    `/queues?vhost=${host}&filter=99`, `/topology?vhost=${host}`]) {
    const answer = await page.goto(base + path);
    const bytes = (await answer.body()).length;
    assert.ok(bytes < 200_000, `${path} has ${bytes} bytes`);
    assert.ok(await page.locator('tbody tr').count() <= 50, `${path} has too many rows`);
  }
  await page.goto(`${base}/queues?vhost=${host}`);
  await page.getByText('10,000 in all').waitFor();
  await page.getByRole('link', { name: 'Page 200' }).click();
  await page.getByRole('link', { name: 'queue.9999' }).waitFor();
}, { user: null });
