// SEND, SUBSCRIBE, ACK, NACK, transactions.
'use strict';

const assert = require('node:assert');
const { check, receipted, subscribe, unique } = require('../harness');

check('round-trips text and binary bodies', async open => {
  const client = await open();
  const queue = `/queue/${unique()}`;
  const inbox = await subscribe(client, queue);
  for (const text of ['text', '', 'grüße 😀', 'x'.repeat(300_000)]) {
    client.publish({ destination: queue, body: text });
    assert.strictEqual((await inbox.next()).body, text);
  }
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  client.publish({ destination: queue, binaryBody: bytes });
  assert.deepStrictEqual((await inbox.next()).binaryBody, bytes);
});

check('round-trips headers with every escape', async open => {
  const client = await open();
  const queue = `/queue/${unique()}`;
  const inbox = await subscribe(client, queue);
  const headers = { colon: 'a:b', backslash: 'a\\b', newline: 'a\nb', return: 'a\rb', plain: 'ä' };
  client.publish({ destination: queue, body: 'x', headers });
  const received = (await inbox.next()).headers;
  for (const name of Object.keys(headers)) assert.strictEqual(received[name], headers[name]);
});

check('gets receipts for many messages', async open => {
  const client = await open();
  const queue = `/queue/${unique()}`;
  await Promise.all(Array.from({ length: 200 }, (_, i) => receipted(client, receipt =>
    client.publish({ destination: queue, body: `${i}`, headers: { receipt, persistent: 'true' } }))));
});

check('acknowledges and rejects', async open => {
  const client = await open();
  const queue = `/queue/${unique()}`;
  const inbox = await subscribe(client, queue, { ack: 'client-individual' });
  client.publish({ destination: queue, body: 'x' });
  (await inbox.next()).nack();
  const again = await inbox.next();
  assert.strictEqual(again.headers.redelivered, 'true');
  again.ack();
  client.publish({ destination: queue, body: 'y' });
  assert.strictEqual((await inbox.next()).body, 'y');
});

check('commits and aborts transactions', async open => {
  const client = await open();
  const queue = `/queue/${unique()}`;
  const inbox = await subscribe(client, queue);
  const aborted = client.begin();
  client.publish({ destination: queue, body: 'gone', headers: { transaction: aborted.id } });
  aborted.abort();
  const committed = client.begin();
  client.publish({ destination: queue, body: 'second', headers: { transaction: committed.id } });
  client.publish({ destination: queue, body: 'first' });
  assert.strictEqual((await inbox.next()).body, 'first');
  committed.commit();
  assert.strictEqual((await inbox.next()).body, 'second');
});

check('reaches every subscription of a topic', async open => {
  const client = await open();
  const word = unique();
  const one = await subscribe(client, `/topic/${word}.*`);
  const two = await subscribe(client, `/topic/${word}.#`);
  client.publish({ destination: `/topic/${word}.a`, body: 'x' });
  for (const inbox of [one, two]) assert.strictEqual((await inbox.next()).body, 'x');
});

check('unsubscribes', async open => {
  const client = await open();
  const queue = `/queue/${unique()}`;
  const gone = await subscribe(client, queue);
  gone.subscription.unsubscribe();
  const inbox = await subscribe(client, queue);
  client.publish({ destination: queue, body: 'x' });
  assert.strictEqual((await inbox.next()).body, 'x');
});
