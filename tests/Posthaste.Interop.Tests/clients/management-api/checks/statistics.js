// rabbitmq-stats, a client of RabbitMQ's management API. It logs in only when it is asked to (401).
'use strict';

const assert = require('node:assert');
const rabbitStats = require('rabbitmq-stats');
const { address, check, unique } = require('../harness');

const api = rabbitStats(address, 'guest', 'guest');

check('reads the overview and the nodes', async () => {
  const overview = await api.getOverview();
  assert.ok(overview.management_version);
  const nodes = await api.getNodes();
  const node = await api.getNode(nodes[0].name);
  assert.strictEqual(node.name, overview.node);
  assert.ok(node.running);
  assert.deepStrictEqual(await api.getExtensions(), []);
});

check('is refused with a wrong password', async () => {
  await assert.rejects(rabbitStats(address, 'guest', 'wrong').getOverview(), { statusCode: 401 });
});

check('declares, lists, purges and deletes a queue', async () => {
  const name = unique();
  await api.putVhostQueue('/', name, { durable: true, auto_delete: false, arguments: {} });
  const queue = await api.getVhostQueue('/', name);
  assert.deepStrictEqual([queue.name, queue.vhost, queue.durable], [name, '/', true]);
  assert.ok((await api.getVhostQueues('/')).some(row => row.name === name));
  assert.ok((await api.getQueues()).some(row => row.name === name));
  assert.ok((await api.getVhostBindings('/')).some(row => row.destination === name));
  await api.deleteVhostQueueContents('/', name);
  await api.deleteVhostQueue('/', name);
  await assert.rejects(api.getVhostQueue('/', name), { statusCode: 404 });
});

check('declares, lists and deletes an exchange', async () => {
  const name = unique();
  await api.putVhostExchange('/', name, { type: 'topic', durable: true });
  assert.strictEqual((await api.getVhostExchange('/', name)).type, 'topic');
  assert.ok((await api.getExchanges()).some(row => row.name === name));
  await api.deleteVhostExchange('/', name);
  assert.ok(!(await api.getVhostExchanges('/')).some(row => row.name === name));
});

check('manages users and their permissions', async () => {
  const name = unique();
  await api.putUser(name, { password: 'secret', tags: 'monitoring' });
  await api.setUserPermissions(name, '/', { configure: '.*', write: '.*', read: '.*' });
  assert.deepStrictEqual((await api.getUser(name)).name, name);
  assert.ok((await api.getUsers()).some(row => row.name === name));
  const theirs = rabbitStats(address, name, 'secret');
  assert.strictEqual((await theirs.whoAmI()).name, name);
  await api.deleteUser(name);
  await assert.rejects(theirs.whoAmI(), { statusCode: 401 });
});

check('lists the rest', async () => {
  for (const list of [api.getConnections, api.getChannels, api.getConsumers, api.getBindings, api.getVhosts,
    api.getPolicies]) {
    assert.ok(Array.isArray(await list()));
  }
  assert.strictEqual((await api.getVhost('/')).name, '/');
});
