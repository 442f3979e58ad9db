// Declaring, binding and routing.
'use strict';

const assert = require('node:assert');
const { check, exclusive, refusal, unique } = require('../harness');

check('asserts, checks and deletes a queue', async connection => {
  const channel = await connection.createChannel();
  const name = unique();
  assert.deepStrictEqual(await channel.assertQueue(name), { queue: name, messageCount: 0, consumerCount: 0 });
  assert.strictEqual((await channel.checkQueue(name)).queue, name);
  assert.deepStrictEqual(await channel.deleteQueue(name), { messageCount: 0 });
  await channel.close();
});

check('fails a check of a missing queue and closes the channel with 404', async connection => {
  const name = unique();
  const error = await refusal(connection, channel => channel.checkQueue(name));
  assert.strictEqual(error.code, 404);
  assert.match(error.message, new RegExp(`NOT_FOUND - no queue '${name}' in vhost '/'`));
});

check('fails a different declaration with 406', async connection => {
  const channel = await connection.createChannel();
  const name = unique();
  await channel.assertQueue(name, { durable: true });
  const error = await refusal(connection, other => other.assertQueue(name, { durable: false }));
  assert.strictEqual(error.code, 406);
  assert.match(error.message, /inequivalent arg 'durable'/);
  await channel.deleteQueue(name);
  await channel.close();
});

check('passes every queue option', async connection => {
  const channel = await connection.createChannel();
  const name = unique();
  const options = {
    durable: true, autoDelete: false, expires: 60_000, messageTtl: 30_000, deadLetterExchange: 'amq.direct',
    deadLetterRoutingKey: 'dead', maxLength: 10, maxPriority: 5, overflow: 'reject-publish', queueMode: 'lazy',
    arguments: { 'x-queue-type': 'classic' },
  };
  await channel.assertQueue(name, options);
  await channel.assertQueue(name, options);
  await channel.deleteQueue(name);
  await channel.close();
});

check('routes through exchanges bound to each other', async connection => {
  const channel = await connection.createConfirmChannel();
  const [source, sink] = [unique(), unique()];
  await channel.assertExchange(source, 'topic', { autoDelete: true });
  await channel.assertExchange(sink, 'fanout', { internal: true, autoDelete: true });
  const queue = await exclusive(channel);
  await channel.bindExchange(sink, source, 'order.*');
  await channel.bindQueue(queue, sink, '');
  channel.publish(source, 'order.new', Buffer.from('routed'));
  await channel.waitForConfirms();
  assert.strictEqual((await channel.get(queue, { noAck: true })).content.toString(), 'routed');
  await channel.unbindQueue(queue, sink, '');
  await channel.unbindExchange(sink, source, 'order.*');
  await channel.close();
});

check('uses an alternate exchange', async connection => {
  const channel = await connection.createConfirmChannel();
  const [first, rest] = [unique(), unique()];
  await channel.assertExchange(rest, 'fanout');
  await channel.assertExchange(first, 'direct', { alternateExchange: rest });
  const queue = await exclusive(channel);
  await channel.bindQueue(queue, rest, '');
  channel.publish(first, 'nowhere', Buffer.from('rest'));
  await channel.waitForConfirms();
  assert.strictEqual((await channel.get(queue, { noAck: true })).content.toString(), 'rest');
  await channel.deleteExchange(first);
  await channel.deleteExchange(rest);
  await channel.close();
});

check('copies to CC and BCC', async connection => {
  const channel = await connection.createConfirmChannel();
  const [to, cc, bcc] = [await exclusive(channel), await exclusive(channel), await exclusive(channel)];
  channel.sendToQueue(to, Buffer.from('copy'), { CC: cc, BCC: bcc });
  await channel.waitForConfirms();
  for (const queue of [to, cc, bcc]) {
    const message = await channel.get(queue, { noAck: true });
    assert.deepStrictEqual(message.properties.headers.CC, [cc]);
    assert.strictEqual(message.properties.headers.BCC, undefined);
  }
  await channel.close();
});
