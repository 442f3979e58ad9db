// Runs every check of MQTT.js against the broker at HOST PORT.
'use strict';

const assert = require('node:assert');
const { randomUUID } = require('node:crypto');
const mqtt = require('mqtt');

const [host, port] = process.argv.slice(2);
const checkLimitMs = 20_000;
const checks = [];
const opened = [];

const check = (name, run) => checks.push({ name, run });
const unique = () => `mqttjs/${randomUUID()}`;

function within(promise, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out: ${what}`)), checkLimitMs);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** A connected client that keeps its messages in `got`. */
async function connect(options = {}) {
  const client = await within(mqtt.connectAsync(`mqtt://${host}:${port}`, { reconnectPeriod: 0, ...options }), 'CONNACK');
  opened.push(client);
  client.got = [];
  client.on('message', (topic, payload, packet) => {
    client.got.push({ topic, text: payload.toString(), packet });
    client.emit('more');
  });
  client.on('error', () => {}); // The check that provokes an error asserts it.
  return client;
}

/** The first `count` messages of a client. */
const collect = (client, count) => within(new Promise(resolve => {
  const look = () => { if (client.got.length >= count) resolve(client.got.slice(0, count)); };
  client.on('more', look);
  look();
}), `${count} messages`);

check('publishes and receives in both versions with each QoS', async () => {
  for (const protocolVersion of [4, 5]) {
    const client = await connect({ protocolVersion });
    const topic = unique();
    await client.subscribeAsync(`${topic}/+`, { qos: 2 });
    for (const qos of [0, 1, 2]) await client.publishAsync(`${topic}/${qos}`, `body ${qos}`, { qos });
    const got = await collect(client, 3);
    assert.deepEqual(got.map(message => message.text).sort(), ['body 0', 'body 1', 'body 2']);
  }
});

check('keeps a session and what came for it', async () => {
  const clientId = `js-${randomUUID().slice(0, 8)}`;
  const kept = { protocolVersion: 5, clientId, clean: false, properties: { sessionExpiryInterval: 600 } };
  const topic = unique();
  const first = await connect(kept);
  await first.subscribeAsync(topic, { qos: 2 });
  await first.endAsync();
  const publisher = await connect();
  for (let number = 0; number < 10; number++) await publisher.publishAsync(topic, `${number}`, { qos: 2 });
  const again = await connect(kept);
  assert.deepEqual((await collect(again, 10)).map(message => message.text), [...Array(10).keys()].map(String));
});

check('hands properties of MQTT 5 through and sets aliases', async () => {
  const topic = unique();
  const subscriber = await connect({ protocolVersion: 5, properties: { topicAliasMaximum: 10 } });
  await subscriber.subscribeAsync(topic, { qos: 1, properties: { subscriptionIdentifier: 5 } });
  const publisher = await connect({ protocolVersion: 5, autoUseTopicAlias: true, autoAssignTopicAlias: true });
  const properties = { userProperties: { a: ['1', '2'] }, contentType: 'text/plain', responseTopic: 'answers' };
  for (let number = 0; number < 5; number++) await publisher.publishAsync(topic, `${number}`, { qos: 1, properties });
  const got = await collect(subscriber, 5);
  assert.deepEqual(got.map(message => message.topic), Array(5).fill(topic));
  const { userProperties, contentType, responseTopic } = got[4].packet.properties;
  assert.deepEqual([...userProperties.a], ['1', '2']);
  assert.deepEqual([contentType, responseTopic], ['text/plain', 'answers']);
});

check('publishes a will with its delay over', async () => {
  const topic = unique();
  const watcher = await connect();
  await watcher.subscribeAsync(topic);
  const lost = await connect({ protocolVersion: 5, will: { topic, payload: 'gone', properties: { willDelayInterval: 1 } } });
  lost.stream.destroy();
  assert.equal((await collect(watcher, 1))[0].text, 'gone');
});

check('gets what is retained by a wildcard', async () => {
  const topic = unique();
  const publisher = await connect();
  for (let number = 0; number < 20; number++) {
    await publisher.publishAsync(`${topic}/${number}`, `${number}`, { qos: 1, retain: true });
  }
  const client = await connect();
  await client.subscribeAsync(`${topic}/#`, { qos: 1 });
  const got = await collect(client, 20);
  assert.ok(got.every(message => message.packet.retain));
});

check('refuses a wrong password', async () => {
  await assert.rejects(
    mqtt.connectAsync(`mqtt://${host}:${port}`, { username: 'guest', password: 'wrong', reconnectPeriod: 0 }),
    /Not authorized|Bad username/i);
});

(async () => {
  for (const { name, run } of checks) {
    try {
      await within(run(), name);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${String(error.message).replace(/\s+/g, ' ')}`);
    }
    for (const client of opened.splice(0)) client.end(true);
  }
  process.exit(0);
})();
