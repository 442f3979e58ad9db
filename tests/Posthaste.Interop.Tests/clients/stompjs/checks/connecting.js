// Connecting: versions, logins, heart-beats, errors.
'use strict';

const assert = require('node:assert');
const { Versions, check, create, failure, unique } = require('../harness');

check('connects with every version', async open => {
  for (const version of [Versions.V1_0, Versions.V1_1, Versions.V1_2]) {
    const client = await open({ stompVersions: new Versions([version]) });
    assert.strictEqual(client.frame.headers.version, version);
  }
});

check('is told of a wrong passcode', async () => {
  const client = create({ connectHeaders: { login: 'guest', passcode: 'wrong', host: '/' } });
  const failed = failure(client);
  client.activate();
  assert.strictEqual((await failed).headers.message, 'Bad CONNECT');
  await client.deactivate();
});

check('agrees on heart-beats and stays connected by them', async open => {
  const client = await open({ heartbeatIncoming: 1000, heartbeatOutgoing: 1000 });
  assert.strictEqual(client.frame.headers['heart-beat'], '1000,1000');
  await new Promise(resolve => setTimeout(resolve, 3500));
  assert.ok(client.connected);
});

check('is told what was wrong with a frame', async open => {
  const client = await open();
  const failed = failure(client);
  client.publish({ destination: `/nowhere/${unique()}`, body: 'x', headers: { receipt: 'r' } });
  assert.strictEqual((await failed).headers.message, 'Unknown destination');
});
