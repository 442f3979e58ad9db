// The checks of stompjs: how they are registered and run, and what they share.
'use strict';

const { randomUUID } = require('node:crypto');
const { Client, Versions } = require('@stomp/stompjs');
const { TCPWrapper } = require('@stomp/tcp-wrapper');
const { WebSocket } = require('ws');

const [host, port, transport] = process.argv.slice(2);
const checkLimitMs = 20_000;
const checks = [];

/** Registers a check. */
const check = (name, run) => checks.push({ name, run });

/** A name that nobody else uses. */
const unique = () => `stompjs.${randomUUID()}`;

/** Rejects when `promise` stays silent for too long. */
function within(promise, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out: ${what}`)), checkLimitMs);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

function create(settings = {}) {
  const protocols = (settings.stompVersions ?? Versions.default).protocolVersions();
  return new Client({
    webSocketFactory: () => transport === 'tcp'
      ? new TCPWrapper(host, Number(port))
      : new WebSocket(`ws://${host}:${port}/ws`, protocols),
    connectHeaders: { login: 'guest', passcode: 'guest', host: '/' },
    reconnectDelay: 0,
    ...settings,
  });
}

/** A client that has connected; `frame` is its CONNECTED. */
async function connect(settings) {
  const client = create(settings);
  const frame = await within(new Promise((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = error => reject(new Error(error.headers.message));
    client.onWebSocketError = reject;
    client.activate();
  }), 'CONNECTED');
  return Object.assign(client, { frame });
}

/** Resolves with the ERROR that ends the client. */
function failure(client) {
  return within(new Promise(resolve => {
    client.onStompError = resolve;
  }), 'ERROR');
}

/** Sends a frame with a receipt by `send(receipt)` and resolves when that has come. */
function receipted(client, send) {
  const receipt = randomUUID();
  return within(new Promise(resolve => {
    client.watchForReceipt(receipt, resolve);
    send(receipt);
  }), 'RECEIPT');
}

/** Subscribes, and resolves with an inbox once that is done: `next()` resolves with the next message. */
async function subscribe(client, destination, headers = {}) {
  const messages = [];
  const waiting = [];
  const inbox = {
    next: () => within(new Promise(resolve => {
      if (messages.length > 0) resolve(messages.shift());
      else waiting.push(resolve);
    }), 'MESSAGE'),
  };
  await receipted(client, receipt => {
    inbox.subscription = client.subscribe(destination, message => {
      const resolve = waiting.shift();
      if (resolve) resolve(message);
      else messages.push(message);
    }, { ...headers, receipt });
  });
  return inbox;
}

/** Runs every check in turn and prints `ok NAME` or `not ok NAME: reason`, one line a check. */
async function runAll() {
  for (const { name, run } of checks) {
    const clients = [];
    const open = async settings => {
      const client = await connect(settings);
      clients.push(client);
      return client;
    };
    try {
      await within(Promise.resolve(run(open)), name);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${String(error.message).replace(/\s+/g, ' ')}`);
    }
    await Promise.all(clients.map(client => client.deactivate()));
  }
}

module.exports = { Versions, check, create, failure, receipted, runAll, subscribe, unique };
