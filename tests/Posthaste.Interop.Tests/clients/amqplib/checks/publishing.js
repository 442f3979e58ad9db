// Publishing: properties, confirms, returns.
'use strict';

const assert = require('node:assert');
const { check, collect, exclusive, once, unique, within } = require('../harness');

check('round-trips every property', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel);
  const sent = {
    contentType: 'text/plain', contentEncoding: 'utf-8', deliveryMode: 2, priority: 3, correlationId: 'c',
    replyTo: 'r', expiration: '60000', messageId: 'm', timestamp: 1_700_000_000, type: 't', userId: 'guest',
    appId: 'a',
  };
  channel.sendToQueue(queue, Buffer.from('body'), sent);
  await channel.waitForConfirms();
  const { properties } = await channel.get(queue, { noAck: true });
  for (const [key, value] of Object.entries(sent)) assert.strictEqual(properties[key], value, key);
  await channel.close();
});

check('round-trips every header type', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel);
  const headers = {
    text: 'text', yes: true, no: false, nothing: null, integer: 42, negative: -42, large: 2 ** 40, double: 1.25,
    bytes: Buffer.from([0, 255]), list: ['a', 1, true, null, { deep: 'er' }], table: { a: { b: 'c' } },
    float: { '!': 'float', value: 0.5 }, timestamp: { '!': 'timestamp', value: 1_700_000_000 },
    decimal: { '!': 'decimal', value: { places: 2, digits: 12345 } }, short: { '!': 'short', value: -7 },
  };
  channel.publish('', queue, Buffer.alloc(0), { headers });
  await channel.waitForConfirms();
  const got = (await channel.get(queue, { noAck: true })).properties.headers;
  for (const key of ['text', 'yes', 'no', 'nothing', 'integer', 'negative', 'large', 'double', 'bytes', 'table'])
    assert.deepStrictEqual(got[key], headers[key], key);
  assert.strictEqual(got.float, 0.5);
  assert.strictEqual(got.short, -7);
  assert.deepStrictEqual(got.list.slice(0, 4), ['a', 1, true, null]);
  assert.deepStrictEqual(got.timestamp, { '!': 'timestamp', value: 1_700_000_000 });
  assert.deepStrictEqual(got.decimal, { '!': 'decimal', value: { places: 2, digits: 12345 } });
  await channel.close();
});

check('delivers a body of two megabytes and an empty one', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel);
  const body = Buffer.alloc(2 * 1024 * 1024, 'z');
  channel.sendToQueue(queue, body);
  channel.sendToQueue(queue, Buffer.alloc(0));
  await channel.waitForConfirms();
  assert.ok((await channel.get(queue, { noAck: true })).content.equals(body));
  assert.strictEqual((await channel.get(queue, { noAck: true })).content.length, 0);
  await channel.close();
});

check('confirms every message on a confirm channel', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel);
  let confirmedCount = 0;
  for (let i = 0; i < 1_000; i++) {
    channel.sendToQueue(queue, Buffer.from(`${i}`), { persistent: true }, error => {
      assert.ifError(error);
      confirmedCount++;
    });
  }
  await within(channel.waitForConfirms(), 'confirms');
  assert.strictEqual(confirmedCount, 1_000);
  assert.strictEqual((await channel.checkQueue(queue)).messageCount, 1_000);
  await channel.close();
});

check('hears of a nack from a full queue', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel, { maxLength: 1, overflow: 'reject-publish' });
  channel.sendToQueue(queue, Buffer.from('kept'));
  await channel.waitForConfirms();
  channel.sendToQueue(queue, Buffer.from('refused'));
  await assert.rejects(within(channel.waitForConfirms(), 'nack'), /nacked/);
  await channel.close();
});

check('gets an unroutable mandatory message back', async connection => {
  const channel = await connection.createConfirmChannel();
  const returned = once(channel, 'return');
  channel.publish('', unique(), Buffer.from('lost'), { mandatory: true, messageId: 'id' });
  const message = await returned;
  assert.strictEqual(message.fields.replyCode, 312);
  assert.strictEqual(message.fields.replyText, 'NO_ROUTE');
  assert.strictEqual(message.content.toString(), 'lost');
  assert.strictEqual(message.properties.messageId, 'id');
  await channel.waitForConfirms();
  await channel.close();
});

check('closes the channel with 404 when publishing to a missing exchange', async connection => {
  const channel = await connection.createChannel();
  const closed = once(channel, 'error');
  channel.publish(unique(), '', Buffer.from('x'));
  assert.strictEqual((await closed).code, 404);
});

check('expires a message', async connection => {
  const channel = await connection.createConfirmChannel();
  const dead = await exclusive(channel);
  const queue = await exclusive(channel, { deadLetterExchange: '', deadLetterRoutingKey: dead });
  channel.sendToQueue(queue, Buffer.from('late'), { expiration: 50 });
  const [message] = await collect(channel, dead, 1, { noAck: true });
  assert.strictEqual(message.properties.headers['x-death'][0].reason, 'expired');
  assert.strictEqual(message.properties.headers['x-death'][0]['original-expiration'], '50');
  await channel.close();
});
