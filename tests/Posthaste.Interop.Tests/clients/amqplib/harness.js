// The checks of amqplib: how they are registered and run, and what they share.
'use strict';

const assert = require('node:assert');
const { randomUUID } = require('node:crypto');
const amqplib = require('amqplib');

const [host, port] = process.argv.slice(2);
const url = `amqp://guest:guest@${host}:${port}`;
const checkLimitMs = 20_000;
const checks = [];

/** Registers a check; it gets a connection of its own. */
const check = (name, run) => checks.push({ name, run });

/** A name that nobody else uses. */
const unique = () => `amqplib.${randomUUID()}`;

/** Rejects when `promise` stays silent for too long. */
function within(promise, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out: ${what}`)), checkLimitMs);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** The first `event` of `emitter`; an array where the event has several arguments. */
const once = (emitter, event) => within(
  new Promise(resolve => emitter.once(event, (...args) => resolve(args.length > 1 ? args : args[0]))), event);

/** Consumes and resolves with the first `count` messages. */
function collect(channel, queue, count, options) {
  const messages = [];
  return within(new Promise((resolve, reject) => {
    channel.consume(queue, message => {
      messages.push(message);
      if (messages.length === count) resolve(messages);
    }, options).catch(reject);
  }), `${count} messages`);
}

const bodies = messages => messages.map(message => message.content.toString());

async function exclusive(channel, options) {
  return (await channel.assertQueue('', { exclusive: true, ...options })).queue;
}

/** Runs `method` on a channel of its own and returns the error that closed it. */
async function refusal(connection, method) {
  const channel = await connection.createChannel();
  const closed = once(channel, 'error');
  await assert.rejects(method(channel));
  return closed;
}

/** Runs every check in turn and prints `ok NAME` or `not ok NAME: reason`, one line a check. */
async function runAll() {
  for (const { name, run } of checks) {
    const connection = await amqplib.connect(url);
    connection.on('error', () => {}); // The check that provokes an error asserts it on its channel.
    try {
      await within(Promise.resolve(run(connection)), name);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${String(error.message).replace(/\s+/g, ' ')}`);
    }
    await connection.close().catch(() => {}); // Already closed by the check.
  }
}

module.exports = { bodies, check, collect, exclusive, host, once, port, refusal, runAll, unique, url, within };
