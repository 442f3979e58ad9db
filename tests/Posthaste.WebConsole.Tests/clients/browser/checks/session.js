'use strict';

const assert = require('node:assert');
const { api, base, check, logIn } = require('../harness');

check('logging in leads to the page that was asked for', async page => {
  await page.goto(`${base}/queues`);
  await page.getByLabel('User').fill('guest');
  await page.getByLabel('Password').fill('guest');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${base}/queues`);
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Queues');
}, { user: null });

check('a wrong password is said to be wrong', async page => {
  await page.goto(`${base}/login`);
  await page.getByLabel('User').fill('nobody');
  await page.getByLabel('Password').fill('nothing');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').getByText('wrong').waitFor();
}, { user: null });

check('logging out ends it', async page => {
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL(`${base}/login`);
  await page.goto(`${base}/queues`);
  await page.waitForURL(/\/login\?return=/);
});

check('an open page goes to the login when its user is deleted', async page => {
  await api('PUT', 'users/leaver', { password: 'leaver', tags: 'monitoring' });
  await logIn(page, 'leaver');
  await api('DELETE', 'users/leaver');
  await page.waitForURL(/\/login/);
}, { user: null });
