// Consuming: order, prefetch, settling, dead letters.
'use strict';

const assert = require('node:assert');
const { bodies, check, collect, exclusive, once, refusal, within } = require('../harness');

check('says that a get found nothing', async connection => {
  const channel = await connection.createChannel();
  assert.strictEqual(await channel.get(await exclusive(channel)), false);
  await channel.close();
});

check('consumes in order and acknowledges', async connection => {
  const channel = await connection.createChannel();
  const queue = await exclusive(channel);
  for (const body of ['1', '2', '3']) channel.sendToQueue(queue, Buffer.from(body));
  const messages = await collect(channel, queue, 3);
  assert.deepStrictEqual(bodies(messages), ['1', '2', '3']);
  assert.deepStrictEqual(messages.map(message => message.fields.redelivered), [false, false, false]);
  channel.ack(messages[2], true);
  await channel.recover();
  assert.strictEqual((await channel.checkQueue(queue)).messageCount, 0);
  await channel.close();
});

check('tells a consumer with a null message that its queue is gone', async connection => {
  const channel = await connection.createChannel();
  const queue = await exclusive(channel);
  const gone = collect(channel, queue, 1);
  await channel.checkQueue(queue);
  await channel.deleteQueue(queue);
  assert.deepStrictEqual(await gone, [null]);
  await channel.close();
});

check('consumes with a chosen tag, priority and without acknowledgement', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel);
  const low = [];
  await channel.consume(queue, message => low.push(message), { noAck: true, priority: 1 });
  const high = collect(channel, queue, 2, { noAck: true, priority: 10, consumerTag: 'chosen' });
  await channel.checkQueue(queue);
  channel.sendToQueue(queue, Buffer.from('a'));
  channel.sendToQueue(queue, Buffer.from('b'));
  const messages = await high;
  assert.deepStrictEqual(messages.map(message => message.fields.consumerTag), ['chosen', 'chosen']);
  assert.strictEqual(low.length, 0);
  await channel.close();
});

check('refuses a second consumer beside an exclusive one with 403', async connection => {
  const channel = await connection.createChannel();
  const queue = await exclusive(channel);
  await channel.consume(queue, () => {}, { exclusive: true });
  const error = await refusal(connection, other => other.consume(queue, () => {}));
  assert.strictEqual(error.code, 403);
  assert.match(error.message, /in exclusive use/);
  await channel.close();
});

check('honours the prefetch of each consumer', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel);
  for (let i = 0; i < 5; i++) channel.sendToQueue(queue, Buffer.from(`${i}`));
  await channel.waitForConfirms();
  await channel.prefetch(2);
  const first = await collect(channel, queue, 2);
  assert.deepStrictEqual(bodies(first), ['0', '1']);
  assert.strictEqual((await channel.checkQueue(queue)).messageCount, 3);
  await channel.close();
});

check('honours the prefetch of a whole channel', async connection => {
  const channel = await connection.createConfirmChannel();
  const [one, two] = [await exclusive(channel), await exclusive(channel)];
  for (const queue of [one, one, two, two]) channel.sendToQueue(queue, Buffer.from('x'));
  await channel.waitForConfirms();
  await channel.prefetch(3, true);
  let receivedCount = 0;
  const full = within(new Promise(resolve => {
    const receive = () => { if (++receivedCount === 3) resolve(); };
    channel.consume(one, receive);
    channel.consume(two, receive);
  }), 'three messages');
  await full;
  const left = await Promise.all([one, two].map(async queue => (await channel.checkQueue(queue)).messageCount));
  assert.strictEqual(left[0] + left[1], 1);
  assert.strictEqual(receivedCount, 3);
  await channel.close();
});

check('cancels a consumer', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel, { autoDelete: false });
  const { consumerTag } = await channel.consume(queue, () => assert.fail('delivered after cancel'));
  await channel.cancel(consumerTag);
  channel.sendToQueue(queue, Buffer.from('waits'));
  await channel.waitForConfirms();
  assert.strictEqual((await channel.checkQueue(queue)).messageCount, 1);
  await channel.close();
});

check('requeues with nack, nackAll, reject and recover', async connection => {
  const channel = await connection.createConfirmChannel();
  const queue = await exclusive(channel);
  channel.sendToQueue(queue, Buffer.from('again'));
  await channel.waitForConfirms();
  const returns = [
    message => channel.nack(message), () => channel.nackAll(), message => channel.reject(message, true),
    () => channel.recover(),
  ];
  for (const [i, giveBack] of returns.entries()) {
    const message = await channel.get(queue);
    assert.strictEqual(message.fields.redelivered, i > 0);
    await giveBack(message);
  }
  const last = await channel.get(queue);
  assert.strictEqual(last.fields.redelivered, true);
  channel.nack(last, false, false);
  assert.strictEqual(await channel.get(queue), false);
  await channel.close();
});

check('dead-letters a rejected message with its x-death', async connection => {
  const channel = await connection.createConfirmChannel();
  const dead = await exclusive(channel);
  const queue = await exclusive(channel, { deadLetterExchange: '', deadLetterRoutingKey: dead });
  channel.sendToQueue(queue, Buffer.from('rejected'));
  await channel.waitForConfirms();
  channel.reject(await channel.get(queue), false);
  const [message] = await collect(channel, dead, 1, { noAck: true });
  const [death] = message.properties.headers['x-death'];
  assert.strictEqual(death.queue, queue);
  assert.strictEqual(death.reason, 'rejected');
  assert.strictEqual(death.count, 1);
  assert.strictEqual(message.properties.headers['x-first-death-queue'], queue);
  await channel.close();
});

check('closes the channel with 406 for an unknown delivery tag', async connection => {
  const channel = await connection.createChannel();
  const closed = once(channel, 'error');
  channel.ack({ fields: { deliveryTag: 99 } });
  const error = await closed;
  assert.strictEqual(error.code, 406);
  assert.match(error.message, /PRECONDITION_FAILED - unknown delivery tag 99/);
});

check('answers a request through direct reply-to', async connection => {
  const [client, server] = [await connection.createChannel(), await connection.createChannel()];
  const requests = await exclusive(server);
  await server.consume(requests, request => server.sendToQueue(
    request.properties.replyTo, Buffer.from('pong'), { correlationId: request.properties.correlationId }),
  { noAck: true });
  const reply = collect(client, 'amq.rabbitmq.reply-to', 1, { noAck: true });
  client.sendToQueue(requests, Buffer.from('ping'), { replyTo: 'amq.rabbitmq.reply-to', correlationId: '7' });
  const [message] = await reply;
  assert.strictEqual(message.content.toString(), 'pong');
  assert.strictEqual(message.properties.correlationId, '7');
  await client.close();
  await server.close();
});
