// The API's description by OpenAPI: valid for a validator that is not ours.
'use strict';

const assert = require('node:assert');
const SwaggerParser = require('@apidevtools/swagger-parser');
const { address, check } = require('../harness');

check('finds the description valid', async () => {
  const api = await SwaggerParser.validate(`${address}/api/openapi.json`, {
    resolve: { http: { safeUrlResolver: false } },
  });
  assert.ok(api.openapi.startsWith('3.1'));
  assert.strictEqual(api.paths['/queues/{vhost}/{name}'].get.operationId, 'getQueuesByVhostByName');
});
