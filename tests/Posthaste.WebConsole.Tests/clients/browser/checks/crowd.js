// Against a broker with a thousand connections that each have a consumer, and ten thousand queues.
'use strict';

const assert = require('node:assert');
const { api, base, check, eventually, logIn, publish } = require('../harness');

const rowsMax = 50;
const bytesMax = 200_000;

async function addQueues() {
  const queues = Array.from({ length: 10_000 }, (_, i) => ({ name: `queue.${i}`, durable: true, arguments: {} }));
  await api('POST', 'definitions/%2F', { queues });
}

check('every list stays a page of fifty rows with ten thousand queues and a thousand connections', async page => {
  await addQueues();
  const { object_totals: totals } = await api('GET', 'overview');
  assert.ok(totals.connections >= 1_000 && totals.consumers >= 1_000 && totals.queues >= 10_000);
  await logIn(page);
  for (const path of ['/', '/queues', '/queues?sort=messages_ready&reverse=true', '/queues?sort=type', '/queues?filter=99',
    '/connections', '/connections?sort=user', '/connections?sort=message_stats.publish_details.rate&reverse=true',
    '/connections?protocol=amqp&page=20', '/channels', '/channels?sort=messages_unacknowledged&reverse=true',
    '/consumers', '/consumers?sort=channel_details.name', '/consumers?filter=crowd&page=20', '/dead-letters',
    '/delayed', '/topology?vhost=%2F', '/queue?vhost=%2F&name=crowd']) {
    const answer = await page.goto(base + path);
    const bytes = (await answer.body()).length;
    assert.ok(bytes < bytesMax, `${path} has ${bytes} bytes`);
    const rows = await page.locator('main tbody').first().locator('tr').count();
    assert.ok(rows <= 2 * rowsMax, `${path} has ${rows} rows`);
    if (!path.startsWith('/queue?') && !path.startsWith('/topology')) assert.ok(rows <= rowsMax, `${path} has ${rows} rows`);
  }
}, { user: null });

check('long lists are sorted, filtered and paged while clients are connected', async page => {
  await publish('queue.7777', 'one');
  await page.goto(`${base}/queues`);
  await page.getByText(/^10,\d+ in all$/).waitFor();
  await page.getByRole('link', { name: 'Ready' }).click();
  await page.locator('#queues tr').first().getByRole('link', { name: 'queue.7777' }).waitFor();
  await page.getByLabel('Name contains').fill('queue.999');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText(/^11 of 10,\d+$/).waitFor();
  await page.goto(`${base}/connections`);
  await page.getByRole('link', { name: 'Page 20' }).click();
  await page.locator('#connections tr').first().waitFor();
  await page.goto(`${base}/consumers?filter=crowd`);
  await page.getByText(/^1,000 in all$/).waitFor();
});

check('updates wait for each other when the server is slow', async page => {
  let underWay = 0;
  let most = 0;
  let made = 0;
  await page.route('**/connections*', async route => {
    if (!route.request().headers()['x-refresh']) return route.continue();
    made++;
    most = Math.max(most, ++underWay);
    await new Promise(resolve => setTimeout(resolve, 2_500));
    underWay--;
    return route.continue();
  });
  await page.goto(`${base}/connections`);
  await eventually(async () => made >= 3, 'three updates');
  assert.equal(most, 1);
  await page.unroute('**/connections*');
});
