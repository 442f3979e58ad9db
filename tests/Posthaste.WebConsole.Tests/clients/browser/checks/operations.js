'use strict';

const assert = require('node:assert');
const { api, base, check, eventually, publish, queueWith, segment, tile, unique } = require('../harness');

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
  await page.getByRole('row', { name: 'shop.events is bound to billing.invoices order.*' }).waitFor();
  await page.getByRole('row', { name: /^shop publishes to shop\.events AMQP 0-9-1/ }).waitFor();
  await page.getByRole('row', { name: /^billing\.invoices is consumed by shop AMQP 0-9-1/ }).waitFor();
  await page.getByRole('row', { name: 'shop.events is bound to shop.audit order.# not counted' }).waitFor();
  await page.getByRole('row', { name: /^shop\.events sends what no binding matches to shop\.unrouted/ }).waitFor();
  await page.getByRole('row', { name: /^audit\.log sends dead letters to shop\.graves/ }).waitFor();
  await page.locator('#picture text', { hasText: 'billing.invoices' }).waitFor();
  for (const kind of ['moving', 'dead', 'alternate']) await page.locator(`#picture .${kind}`).first().waitFor({ state: 'attached' });
  await page.evaluate(() => { window.isSamePage = true; });
  for (let i = 0; i < 2; i++) await page.waitForResponse(answer => answer.request().headers()['x-refresh'] === 'yes');
  assert.ok(await page.evaluate(() => window.isSamePage), 'it is updated, not loaded anew');
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
