// Runs every check of stompjs against the broker at HOST PORT, over TRANSPORT: tcp or ws.
'use strict';

require('./checks/connecting');
require('./checks/messaging');

require('./harness').runAll().catch(error => {
  console.error(error);
  process.exit(1);
});
