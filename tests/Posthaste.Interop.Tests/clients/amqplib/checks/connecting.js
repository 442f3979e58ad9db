// Connecting, authenticating and being refused.
'use strict';

const assert = require('node:assert');
const amqplib = require('amqplib');
const callbackApi = require('amqplib/callback_api');
const { check, exclusive, host, once, port, url, within } = require('../harness');

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
