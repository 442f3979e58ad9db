'use strict';

const assert = require('node:assert');
const { mkdtemp, readFile, writeFile } = require('node:fs/promises');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { api, base, check, queueWith, unique } = require('../harness');

check('a user is added, gets a permission, loses it and is deleted', async page => {
  const name = unique('operator');
  await page.goto(`${base}/users`);
  await page.getByText('Add a user…').click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password').fill('secret');
  await page.getByLabel('management: this console').check();
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('status').getByText(`User ${name} was saved.`).waitFor();
  assert.deepEqual((await api('GET', `users/${name}`)).tags, ['management']);

  await page.getByRole('link', { name }).click();
  await page.getByText('None: this user can enter no virtual host.').waitFor();
  await page.getByLabel('Configure').fill('^mine');
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await page.getByRole('status').getByText('has that permission').waitFor();
  const { configure, write, read } = await api('GET', `permissions/%2F/${name}`);
  assert.deepEqual([configure, write, read], ['^mine', '.*', '.*']);

  await page.getByRole('button', { name: 'Withdraw in /' }).click();
  await page.getByRole('status').getByText("can't enter").waitFor();
  await page.getByText('Delete…').click();
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('status').getByText('was deleted').waitFor();
});

check('who is no administrator is not shown what only administrators may do', async page => {
  await api('PUT', 'users/looker', { password: 'looker', tags: 'monitoring' });
  await page.goto(`${base}/login`);
  await page.getByLabel('User').fill('looker');
  await page.getByLabel('Password').fill('looker');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${base}/`);
  assert.equal(await page.getByRole('link', { name: 'Users' }).count(), 0);
  await page.goto(`${base}/users`);
  await page.getByRole('alert').getByText('Not administrator user').waitFor();
}, { user: null });

check('a virtual host is added, described, protected and deleted', async page => {
  const name = unique('host');
  await page.goto(`${base}/vhosts`);
  await page.getByText('Add a virtual host…').click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('link', { name: `Change ${name}` }).click();
  await page.getByLabel('Description').first().fill('for the test');
  await page.getByLabel('Queues that do not say it are').first().selectOption('quorum');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: 'for the test' }).waitFor();
  await page.getByRole('link', { name: `Change ${name}` }).click();
  await page.getByRole('button', { name: 'Protect from deletion' }).click();
  await page.getByRole('button', { name: 'Let it be deleted' }).waitFor();
  assert.equal((await api('GET', `vhosts/${name}`)).default_queue_type, 'quorum');
  await page.getByText('Delete…').click();
  assert.equal(await page.getByRole('button', { name: `Delete ${name}` }).count(), 0);
  await page.getByRole('button', { name: 'Let it be deleted' }).click();
  await page.getByText('Delete…').click();
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByText(`Virtual host ${name} was deleted.`).waitFor();
  assert.ok(!(await api('GET', 'vhosts')).some(host => host.name === name));
});

check('definitions go out and in', async page => {
  const name = await queueWith(0, 'defined');
  await page.goto(`${base}/definitions`);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download definitions.json' }).click();
  const file = join(await mkdtemp(join(tmpdir(), 'posthaste-definitions-')), 'definitions.json');
  await (await download).saveAs(file);
  const definitions = JSON.parse(await readFile(file, 'utf8'));
  assert.ok(definitions.queues.some(queue => queue.name === name));

  await api('DELETE', `queues/%2F/${name}`);
  await page.getByLabel('File').setInputFiles(file);
  await page.getByRole('button', { name: 'Take in' }).click();
  await page.getByRole('status').getByText('were taken in').waitFor();
  assert.ok((await api('GET', 'queues')).some(queue => queue.name === name));

  await writeFile(file, 'not json');
  await page.getByLabel('File').setInputFiles(file);
  await page.getByRole('button', { name: 'Take in' }).click();
  await page.getByRole('alert').getByText('no JSON').waitFor();
});

check('tags change without the password, also tags of others', async page => {
  const name = unique('tagged');
  await api('PUT', `users/${name}`, { password: name, tags: 'management,team-blue' });
  await page.goto(`${base}/user?name=${name}`);
  assert.equal(await page.getByLabel('Other tags, with commas').inputValue(), 'team-blue');
  await page.getByLabel('monitoring: sees everything').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('status').getByText('was saved').waitFor();
  assert.deepEqual((await api('GET', `users/${name}`)).tags.sort(), ['management', 'monitoring', 'team-blue']);
  const answer = await fetch(`${base}/api/whoami`, {
    headers: { authorization: `Basic ${Buffer.from(`${name}:${name}`).toString('base64')}` },
  });
  assert.equal(answer.status, 200, 'the password is what it was');
});

check('topic permissions are set, asked about and withdrawn', async page => {
  const name = unique('publisher');
  await api('PUT', `users/${name}`, { password: name, tags: '' });
  await api('PUT', `permissions/%2F/${name}`, { configure: '', write: '^amq\\.topic$', read: '' });
  await page.goto(`${base}/user?name=${name}`);
  await page.getByText('Restrict keys…').click();
  await page.getByLabel('Publish with keys that match').fill('^{username}\\.');
  await page.getByRole('button', { name: 'Restrict', exact: true }).click();
  await page.getByRole('status').getByText('has that topic permission').waitFor();
  const ask = async key => {
    const question = page.getByRole('region', { name: `May ${name} …?` });
    await question.getByLabel('Do').selectOption({ label: 'publish to the exchange' });
    await question.getByLabel('Its name').fill('amq.topic');
    await question.getByLabel('Routing key').fill(key);
    await question.getByRole('button', { name: 'Ask' }).click();
  };
  await ask(`${name}.a`);
  await page.getByRole('status').getByText(`Yes: ${name} may publish to the exchange`).waitFor();
  await ask('other.a');
  await page.getByRole('status').getByText("does not allow the key 'other.a'").waitFor();
  await page.getByRole('button', { name: 'Withdraw on amq.topic in /' }).click();
  await page.getByRole('status').getByText('No topic permission restricts').waitFor();
  await ask('other.a');
  await page.getByRole('status').getByText(`Yes: ${name} may`).waitFor();
});

check('limits of virtual hosts and users are set and cleared', async page => {
  const [user, host] = [unique('limited'), unique('limited-host')];
  await api('PUT', `users/${user}`, { password: user, tags: '' });
  await api('PUT', `vhosts/${host}`);
  await page.goto(`${base}/limits`);
  for (const [title, owner, limit] of [['Of users', user, 'max-channels'], ['Of virtual hosts', host, 'max-queues']]) {
    const section = page.getByRole('region', { name: title });
    await section.getByLabel(title === 'Of users' ? 'User' : 'Virtual host', { exact: true }).selectOption(owner);
    await section.getByLabel('Limit', { exact: true }).selectOption(limit);
    await section.getByLabel('At most').fill('7');
    await section.getByRole('button', { name: 'Set limit' }).click();
    await page.getByRole('status').getByText(`${owner} is limited to ${limit} = 7.`).waitFor();
  }
  assert.deepEqual(await api('GET', `user-limits/${user}`), [{ user, value: { 'max-channels': 7 } }]);
  assert.deepEqual(await api('GET', `vhost-limits/${host}`), [{ vhost: host, value: { 'max-queues': 7 } }]);
  await page.getByRole('button', { name: `Clear max-queues of ${host}` }).click();
  await page.getByRole('status').getByText('is not limited any more').waitFor();
  assert.deepEqual(await api('GET', `vhost-limits/${host}`), []);
});
