// Runs the checks against the console at URL, in the Chromium given: those of one file of `checks/`, or all.
'use strict';

const { readdirSync } = require('node:fs');
const { join } = require('node:path');

const folder = join(__dirname, 'checks');
const files = process.argv[4] ? [process.argv[4]] : readdirSync(folder).sort();
for (const file of files) require(join(folder, file));

require('./harness').runAll().catch(error => {
  console.error(error);
  process.exit(1);
});
