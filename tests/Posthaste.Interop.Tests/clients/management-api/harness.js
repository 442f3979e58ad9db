// The checks of the management API: how they are registered and run, and what they share.
'use strict';

const { randomUUID } = require('node:crypto');

const [host, port] = process.argv.slice(2);
const checks = [];

/** Where the API is. */
const address = `http://${host}:${port}`;

/** Registers a check. */
const check = (name, run) => checks.push({ name, run });

/** A name that nobody else uses. */
const unique = () => `api.${randomUUID()}`;

/** Runs every check in turn and prints `ok NAME` or `not ok NAME: reason`, one line a check. */
async function runAll() {
  for (const { name, run } of checks) {
    try {
      await run();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${String(error.message ?? error).replaceAll('\n', ' ')}`);
    }
  }
}

module.exports = { address, check, runAll, unique };
