'use strict';

const assert = require('node:assert');
const { api, base, check, eventually, publish, queueUrl, queueWith, segment, unique } = require('../harness');

/** A queue whose messages have died: rejected in `origin`. */
async function deadLetters(count) {
  const dead = await queueWith(0, 'dead');
  const origin = await queueWith(0, 'origin', {
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead },
  });
  for (let i = 0; i < count; i++) await publish(origin, `letter ${i}`, undefined, { delivery_mode: 2, headers: { n: i } });
  await api('POST', `queues/%2F/${origin}/get`, { count, ackmode: 'reject_requeue_false' });
  await holds(dead, count);
  return { dead, origin };
}

const holds = (queue, count) => eventually(
  async () => (await api('GET', `queues/%2F/${segment(queue)}`)).messages === count, `${count} messages in ${queue}`);

check('dead letters are found, looked at by reason, and redriven after a dry run', async page => {
  const { dead, origin } = await deadLetters(3);
  await page.goto(`${base}/dead-letters?filter=${dead}`);
  const row = page.getByRole('row', { name: dead });
  assert.deepEqual((await row.getByRole('cell').allInnerTexts()).slice(1, 5), ['3', origin, 'rejected', '3']);
  await row.getByRole('link', { name: dead }).click();

  await page.getByRole('link', { name: `Redrive… what died in ${origin}` }).click();
  await page.getByRole('heading', { name: '3 messages would move' }).waitFor();
  assert.equal((await api('GET', `queues/%2F/${dead}`)).messages, 3, 'a dry run moves nothing');

  await page.getByLabel('have the header').fill('n');
  await page.getByLabel('with this as its value').fill('1');
  await page.getByRole('button', { name: 'Show what would move' }).click();
  await page.getByRole('heading', { name: '1 message would move' }).waitFor();
  await page.getByRole('button', { name: 'Redrive 1 message' }).click();
  await page.getByRole('status').getByText('are on their way').waitFor();
  await page.getByRole('row', { name: dead }).getByText('done').waitFor();
  await holds(origin, 1);
  await holds(dead, 2);
});

check('a slow move does not hold the page, shows how far it is, and is ended', async page => {
  const from = await queueWith(20, 'slow');
  const to = await queueWith(0, 'target');
  await page.goto(queueUrl(from));
  await page.getByRole('link', { name: 'Move messages' }).click();
  await page.getByLabel('To the queue').fill(to);
  await page.getByLabel('Messages a second at most').fill('1');
  await page.getByRole('button', { name: 'Show what would move' }).click();
  await page.getByRole('button', { name: 'Move 20 messages' }).click();
  const row = page.getByRole('row', { name: from });
  await row.getByRole('progressbar').waitFor();
  await eventually(async () => Number(await row.getByRole('cell').nth(4).innerText()) > 0, 'a message that moved');
  await row.getByRole('button', { name: /^End it/ }).click();
  await page.getByRole('row', { name: from }).getByText('ended early: cancelled').waitFor();
  const [left, moved] = await Promise.all([from, to].map(async name => (await api('GET', `queues/%2F/${name}`)).messages));
  assert.equal(left + moved, 20);
  assert.ok(left > 0);
});

check('what can not be moved is refused in words', async page => {
  const from = await queueWith(1, 'lonely');
  await page.goto(`${base}/move?vhost=%2F&name=${from}&to=nowhere&dry=yes`);
  await page.getByRole('alert').getByText("'nowhere' is no other queue").waitFor();
  await page.goto(`${base}/move?vhost=%2F&name=${from}&to=nowhere&from=yesterday&dry=yes`);
  await page.getByRole('alert').getByText("'yesterday' is no time").waitFor();
});

check('delayed messages are listed by their time and cancelled, one and all', async page => {
  const exchange = unique('later');
  await api('PUT', `exchanges/%2F/${exchange}`, { type: 'x-delayed-message', arguments: { 'x-delayed-type': 'direct' } });
  for (const hours of [3, 1, 2]) {
    await publish(`in.${hours}`, 'later', exchange, { delivery_mode: 2, headers: { 'x-delay': hours * 3_600_000 } });
  }
  await page.goto(`${base}/delayed?filter=${exchange}`);
  await page.getByRole('link', { name: exchange }).click();
  const keys = page.locator('#list tbody td.code');
  assert.deepEqual(await keys.allInnerTexts(), ['in.1', 'in.2', 'in.3']);
  await page.getByRole('row', { name: /in\.2/ }).getByRole('button', { name: /^Cancel/ }).click();
  await page.getByRole('status').getByText('was cancelled').waitFor();
  assert.deepEqual(await keys.allInnerTexts(), ['in.1', 'in.3']);
  await page.getByText('Cancel all…').click();
  await page.getByRole('button', { name: `Cancel all of ${exchange}` }).click();
  await page.getByText('Nothing waits here.').waitFor();
  assert.equal((await api('GET', `scheduled/%2F/${exchange}`)).messages, 0);
});
