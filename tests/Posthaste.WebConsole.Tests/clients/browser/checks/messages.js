'use strict';

const assert = require('node:assert');
const { readFile } = require('node:fs/promises');
const { api, base, check, publish, queueWith, segment, unique } = require('../harness');

const messagesUrl = (queue, more = '') => `${base}/messages?vhost=%2F&name=${segment(queue)}${more}`;

check('messages show their properties, headers and payload', async page => {
  const queue = await queueWith(0, 'shown');
  await publish(queue, '{"order":1,"lines":[{"sku":"A"}]}', undefined, {
    content_type: 'application/json', delivery_mode: 2, message_id: 'm-1', headers: { tenant: 'blue', attempt: 3 },
  });
  await page.goto(messagesUrl(queue));
  const message = page.getByRole('article');
  await message.getByText('2 (persistent)').waitFor();
  await message.getByText('m-1').waitFor();
  await message.getByRole('row', { name: 'tenant blue' }).waitFor();
  assert.match(await message.locator('pre').innerText(), /^\{\n {2}"order": 1,/);
  await page.getByLabel('Payload as').selectOption({ label: 'text as it is' });
  await page.getByRole('button', { name: 'Show' }).click();
  assert.equal(await message.locator('pre').innerText(), '{"order":1,"lines":[{"sku":"A"}]}');
  await page.getByLabel('Payload as').selectOption({ label: 'bytes in hexadecimal' });
  await page.getByRole('button', { name: 'Show' }).click();
  assert.match(await message.locator('pre').innerText(), /^00000000 {2}7b 22 6f 72 64 65 72 22  3a/);
});

check('messages are found by text, from page to page', async page => {
  const queue = await queueWith(0, 'searched');
  for (let i = 0; i < 60; i++) await publish(queue, i % 2 ? `odd ${i}` : `even ${i}`, undefined, { headers: { n: `h${i}` } });
  await page.goto(messagesUrl(queue));
  await page.getByLabel('Contain the text').fill('odd');
  await page.getByRole('button', { name: 'Show' }).click();
  assert.equal(await page.getByRole('article').count(), 20);
  await page.getByRole('heading', { name: 'Message 40' }).waitFor();
  await page.getByRole('link', { name: 'Later' }).click();
  assert.equal(await page.getByRole('article').count(), 10);
  await page.goto(messagesUrl(queue, '&text=h33'));
  await page.getByRole('heading', { name: 'Message 34' }).waitFor();
  await page.goto(messagesUrl(queue, '&text=nowhere'));
  await page.getByText('No message that was searched contains that.').waitFor();
});

check('a payload is downloaded as it came', async page => {
  const queue = await queueWith(0, 'downloaded');
  const bytes = Buffer.from([0, 1, 2, 253, 254, 255, 10, 13]);
  await api('POST', 'exchanges/%2F/amq.default/publish', {
    routing_key: queue, payload: bytes.toString('base64'), payload_encoding: 'base64', properties: {},
  });
  await page.goto(messagesUrl(queue));
  assert.match(await page.locator('pre').innerText(), /00 01 02 fd fe ff 0a 0d/);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: /^Download the/ }).click();
  const file = await download;
  assert.match(file.suggestedFilename(), new RegExp(`^${queue}-\\d+\\.bin$`));
  assert.deepEqual(await readFile(await file.path()), bytes);
  await api('DELETE', `queues/%2F/${queue}/contents`);
  await page.getByRole('link', { name: /^Download the/ }).click();
  await page.getByRole('alert').getByText('not in the queue any more').waitFor();
});

check('a message is published with properties and a delay', async page => {
  const exchange = unique('delaying');
  await api('PUT', `exchanges/%2F/${exchange}`, { type: 'x-delayed-message', arguments: { 'x-delayed-type': 'direct' } });
  await page.goto(`${base}/exchange?vhost=%2F&name=${exchange}`);
  const form = page.getByRole('region', { name: 'Publish a message' });
  await form.getByLabel('Routing key').fill('later');
  await form.getByLabel('Delay in milliseconds').fill('3600000');
  await form.getByText('More properties').click();
  await form.getByLabel('Priority').fill('4');
  await form.getByLabel('Correlation id').fill('c-7');
  await form.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('status').getByText('waits until its time has come').waitFor();
  assert.equal((await api('GET', `scheduled/%2F/${exchange}`)).messages, 1);
  assert.equal(await form.getByLabel('Correlation id').inputValue(), 'c-7');

  const queue = await queueWith(0, 'propertied');
  await page.goto(`${base}/exchange?vhost=%2F&name=amq.default`);
  await form.getByLabel('Routing key').fill(queue);
  await form.getByLabel('Message', { exact: true }).fill('AAH/');
  await form.getByLabel('It is base64').check();
  await form.getByText('More properties').click();
  await form.getByLabel('Priority').fill('4');
  await form.getByLabel('Expires after milliseconds').fill('600000');
  await form.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('status').getByText('was published').waitFor();
  const [message] = await api('POST', `queues/%2F/${queue}/get`, { ackmode: 'ack_requeue_false', encoding: 'base64' });
  assert.deepEqual([message.payload, message.properties.priority, message.properties.expiration], ['AAH/', 4, '600000']);
});
