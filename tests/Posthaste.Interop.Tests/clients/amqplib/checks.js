// Named checks of amqplib against the broker at HOST PORT. Prints `ok NAME` or `not ok NAME: reason`, one line a check.
'use strict';

const assert = require('node:assert');
const { randomUUID } = require('node:crypto');
const amqplib = require('amqplib');
const callbackApi = require('amqplib/callback_api');

const [host, port] = process.argv.slice(2);
const url = `amqp://guest:guest@${host}:${port}`;
const checkLimitMs = 20_000;
const checks = [];
const check = (name, run) => checks.push({ name, run });

/** Rejects when `promise` stays silent for too long. */
function within(promise, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out: ${what}`)), checkLimitMs);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** The first `event` of `emitter`; an array where the event has several arguments. */
const once = (emitter, event) => within(
  new Promise(resolve => emitter.once(event, (...args) => resolve(args.length > 1 ? args : args[0]))), event);

/** Consumes and resolves with the first `count` messages. */
function collect(channel, queue, count, options) {
  const messages = [];
  return within(new Promise((resolve, reject) => {
    channel.consume(queue, message => {
      messages.push(message);
      if (messages.length === count) resolve(messages);
    }, options).catch(reject);
  }), `${count} messages`);
}

const bodies = messages => messages.map(message => message.content.toString());

async function exclusive(channel, options) {
  return (await channel.assertQueue('', { exclusive: true, ...options })).queue;
}

/** Runs `method` on a channel of its own and returns the error that closed it. */
async function refusal(connection, method) {
  const channel = await connection.createChannel();
  const closed = once(channel, 'error');
  await assert.rejects(method(channel));
  return closed;
}

check('connects, opens a channel and closes both', async connection => {
  const channel = await connection.createChannel();
  await channel.close();
  const own = await amqplib.connect(url);
  const closed = once(own, 'close');
  await own.close();
  await closed;
});

check('connects with a url that names frame size, channels and heartbeat', async () => {
  const own = await amqplib.connect(`${url}?frameMax=8192&channelMax=10&heartbeat=5`);
  assert.strictEqual(own.connection.frameMax, 8192);
  assert.strictEqual(own.connection.channelMax, 10);
  assert.strictEqual(own.connection.heartbeat, 5);
  await own.close();
});

check('connects with the frame size of older releases', async () => {
  const own = await amqplib.connect(`${url}?frameMax=4096`);
  const channel = await own.createConfirmChannel();
  const queue = await exclusive(channel);
  const body = Buffer.alloc(20_000, 'x');
  channel.sendToQueue(queue, body);
  await channel.waitForConfirms();
  assert.deepStrictEqual((await channel.get(queue)).content, body);
  await own.close();
});

check('authenticates with AMQPLAIN', async () => {
  const own = await amqplib.connect(url, { credentials: amqplib.credentials.amqplain('guest', 'guest') });
  await own.close();
});

check('reports a refused login', async () => {
  await assert.rejects(amqplib.connect(`amqp://guest:wrong@${host}:${port}`), /403|ACCESS[_-]REFUSED/);
});

check('reports a missing virtual host', async () => {
  await assert.rejects(amqplib.connect(`${url}/missing`), /got <ConnectionClose channel:0>/);
});

check('asserts, checks and deletes a queue', async connection => {
  const channel = await connection.createChannel();
  const name = `amqplib.${randomUUID()}`;
  assert.deepStrictEqual(await channel.assertQueue(name), { queue: name, messageCount: 0, consumerCount: 0 });
  assert.strictEqual((await channel.checkQueue(name)).queue, name);
  assert.deepStrictEqual(await channel.deleteQueue(name), { messageCount: 0 });
  await channel.close();
});

check('fails a check of a missing queue and closes the channel with 404', async connection => {
  const name = `amqplib.${randomUUID()}`;
  const error = await refusal(connection, channel => channel.checkQueue(name));
  assert.strictEqual(error.code, 404);
  assert.match(error.message, new RegExp(`NOT_FOUND - no queue '${name}' in vhost '/'`));
});

check('fails a different declaration with 406', async connection => {
  const channel = await connection.createChannel();
  const name = `amqplib.${randomUUID()}`;
  await channel.assertQueue(name, { durable: true });
  const error = await refusal(connection, other => other.assertQueue(name, { durable: false }));
  assert.strictEqual(error.code, 406);
  assert.match(error.message, /inequivalent arg 'durable'/);
  await channel.deleteQueue(name);
  await channel.close();
});

check('passes every queue option', async connection => {
  const channel = await connection.createChannel();
  const name = `amqplib.${randomUUID()}`;
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
  const [source, sink] = [`amqplib.${randomUUID()}`, `amqplib.${randomUUID()}`];
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
  const [first, rest] = [`amqplib.${randomUUID()}`, `amqplib.${randomUUID()}`];
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
  channel.publish('', `amqplib.${randomUUID()}`, Buffer.from('lost'), { mandatory: true, messageId: 'id' });
  const message = await returned;
  assert.strictEqual(message.fields.replyCode, 312);
  assert.strictEqual(message.fields.replyText, 'NO_ROUTE');
  assert.strictEqual(message.content.toString(), 'lost');
  assert.strictEqual(message.properties.messageId, 'id');
  await channel.waitForConfirms();
  await channel.close();
});

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

check('closes the channel with 404 when publishing to a missing exchange', async connection => {
  const channel = await connection.createChannel();
  const closed = once(channel, 'error');
  channel.publish(`amqplib.${randomUUID()}`, '', Buffer.from('x'));
  assert.strictEqual((await closed).code, 404);
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

check('updates its secret', async connection => {
  await connection.updateSecret(Buffer.from('guest'), 'rotation');
});

check('works through the callback interface', () => within(new Promise((resolve, reject) => {
  callbackApi.connect(url, (connectError, connection) => {
    if (connectError) return reject(connectError);
    connection.createConfirmChannel((channelError, channel) => {
      if (channelError) return reject(channelError);
      channel.assertQueue('', { exclusive: true }, (_, { queue }) => {
        channel.consume(queue, message => {
          channel.ack(message);
          connection.close(resolve);
        });
        channel.sendToQueue(queue, Buffer.from('called back'), {}, error => error && reject(error));
      });
    });
  });
}), 'callbacks'));

async function main() {
  for (const { name, run } of checks) {
    const connection = await amqplib.connect(url);
    connection.on('error', () => {}); // The check that provokes an error asserts it on its channel.
    try {
      await within(Promise.resolve(run(connection)), name);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${String(error.message).replace(/\s+/g, ' ')}`);
    }
    await connection.close().catch(() => {}); // Already closed by the check.
  }
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
