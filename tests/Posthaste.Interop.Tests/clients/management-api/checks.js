// Runs every check of the management API's clients against the broker at HOST PORT.
'use strict';

require('./checks/statistics');
require('./checks/description');

require('./harness').runAll().catch(error => {
  console.error(error);
  process.exit(1);
});
