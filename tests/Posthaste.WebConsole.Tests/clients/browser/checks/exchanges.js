'use strict';

const assert = require('node:assert');
const { api, base, check, queueWith, segment, unique } = require('../harness');

const exchangeUrl = name => `${base}/exchange?vhost=%2F&name=${segment(name)}`;

async function exchange(type, declaration = {}) {
  const name = unique(type);
  await api('PUT', `exchanges/%2F/${name}`, { type, ...declaration });
  return name;
}

const bind = (from, to, key) => api('POST', `bindings/%2F/e/${from}/q/${segment(to)}`, { routing_key: key });

check('an exchange is declared, bound, published to, unbound and deleted', async page => {
  const queue = await queueWith(0, 'bound');
  const name = unique('declared-exchange');
  await page.goto(`${base}/exchanges`);
  await page.getByText('Declare an exchange…').click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Type').selectOption('topic');
  await page.getByRole('button', { name: 'Declare' }).click();
  await page.getByRole('status').getByText(`Exchange ${name} is there.`).waitFor();

  await page.goto(exchangeUrl(name));
  await page.getByText('Bind…').click();
  await page.getByLabel('Its name').fill(queue);
  await page.getByLabel('Binding key').fill('order.#');
  await page.getByRole('button', { name: 'Bind', exact: true }).click();
  await page.getByRole('status').getByText('is bound').waitFor();

  const form = page.getByRole('region', { name: 'Publish a message' });
  await form.getByLabel('Routing key').fill('order.new');
  await form.getByLabel('Message', { exact: true }).fill('hello "world" <&>');
  await form.getByLabel('Headers, one per line').fill('colour = red\nsize = 7');
  await form.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('status').getByText('was published').waitFor();
  assert.equal(await form.getByLabel('Message', { exact: true }).inputValue(), 'hello "world" <&>');
  const [message] = await api('POST', `queues/%2F/${segment(queue)}/get`, { ackmode: 'ack_requeue_true' });
  assert.equal(message.payload, 'hello "world" <&>');
  assert.deepEqual(message.properties.headers, { colour: 'red', size: 7 });

  await page.getByRole('button', { name: /^Unbind/ }).click();
  await page.getByRole('status').getByText('is not bound').waitFor();
  assert.equal((await api('GET', `exchanges/%2F/${name}/bindings/source`)).length, 0);
  await page.getByText('Delete…').click();
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.waitForURL(`${base}/exchanges`);
});

check('a message that no queue gets is said to be gone', async page => {
  const name = await exchange('fanout');
  await page.goto(exchangeUrl(name));
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('alert').getByText('No queue got the message').waitFor();
});

check('a publish is explained: bindings, alternate exchange, queues', async page => {
  const spare = await exchange('fanout');
  const first = await exchange('topic', { arguments: { 'alternate-exchange': spare } });
  const wanted = await queueWith(0, 'wanted');
  const lost = await queueWith(0, 'lost');
  await bind(first, wanted, 'order.*');
  await bind(spare, lost, '');

  await page.goto(exchangeUrl(first));
  const form = page.getByRole('region', { name: 'Where would a message go?' });
  await form.getByLabel('Routing key').fill('order.new');
  await form.getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('heading', { name: 'Into one queue' }).waitFor();
  await page.locator('.targets').getByText(wanted).waitFor();
  await page.getByText('1 of 1 bindings match').waitFor();

  await page.getByLabel('Routing key').fill('other');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.locator('.targets').getByText(lost).waitFor();
  await page.getByText(`on to the alternate exchange ${spare}`).waitFor();
  assert.equal((await api('GET', `queues/%2F/${wanted}`)).messages, 0);
});

check('a publish that a user may not make is explained', async page => {
  await api('PUT', 'users/reader', { password: 'reader', tags: '' });
  await api('PUT', 'permissions/%2F/reader', { configure: '', write: '', read: '.*' });
  await page.goto(`${base}/explain?vhost=%2F&exchange=amq.topic&key=a&user=reader`);
  await page.getByRole('heading', { name: 'Refused: user reader may not publish this' }).waitFor();
  await page.getByText("write access to exchange 'amq.topic'").waitFor();
});
