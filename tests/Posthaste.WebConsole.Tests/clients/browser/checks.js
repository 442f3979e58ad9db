// Runs every check against the console at URL, in the Chromium given.
'use strict';

const { readdirSync } = require('node:fs');
const { join } = require('node:path');

const folder = join(__dirname, 'checks');
for (const file of readdirSync(folder).sort()) require(join(folder, file));

require('./harness').runAll().catch(error => {
  console.error(error);
  process.exit(1);
});
