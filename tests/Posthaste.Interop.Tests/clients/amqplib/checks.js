// Runs every check of amqplib against the broker at HOST PORT.
'use strict';

require('./checks/connecting');
require('./checks/topology');
require('./checks/publishing');
require('./checks/consuming');

require('./harness').runAll().catch(error => {
  console.error(error);
  process.exit(1);
});
