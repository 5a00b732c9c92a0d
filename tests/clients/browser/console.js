// The console of a running local system: signing up, calling the API, and why it answers so. The keyboard alone suffices.
import assert from 'node:assert/strict';
import { assertAccessible, inChromium } from './chromium.js';

const { API_URL, CODE, DENIED_DOMAIN } = process.env;
const ann = { email: 'ann@example.com', password: 'Blue-Lantern-41' };
const bob = { email: 'bob@example.com', password: 'Green-Harbour-72' };

await inChromium('console', async ({ page, step, photograph }) => {
  const status = page.locator('#who');
  const says = (place, text) => place.filter({ hasText: text }).waitFor();

  async function signUp({ email, password }) {
    await page.getByLabel('E-mail of the new user').fill(email);
    await page.getByLabel('Password of the new user').fill(password);
    await page.getByRole('button', { name: 'Sign up' }).click();
  }
  async function enter(person) {
    await signUp(person);
    await says(status, `${person.email} has signed up. The code is printed in the terminal.`);
    // The focus goes where the next thing is to be typed.
    await page.keyboard.type(CODE);
    await page.keyboard.press('Enter');
    await says(status, `${person.email} is confirmed and may sign in.`);
    await page.keyboard.type(person.password);
    await page.keyboard.press('Enter');
    await says(status, `${person.email} has signed in.`);
  }
  async function call(method, path, body) {
    await page.getByLabel('Method').selectOption(method);
    await page.getByLabel('Path').fill(path);
    if (body) await page.getByLabel('Body, for POST and PATCH').fill(JSON.stringify(body));
    const answered = page.waitForResponse((answer) => answer.request().method() === method && !answer.url().includes('/console/'));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    return (await answered).json().catch(() => null);
  }
  const answer = page.locator('#rest-answer');
  const verdict = answer.getByRole('status');

  await step('the page opens, and keeps nobody out', async () => {
    await page.goto(`${API_URL}/`);
    await page.locator('#access-tables table').first().waitFor();
    await assertAccessible(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await assertAccessible(page);
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('the first stop of the keyboard leads past the head', async () => {
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  });

  await step('whom the trigger refuses is told why', async () => {
    await signUp({ email: `eve@${DENIED_DOMAIN}`, password: ann.password });
    await says(page.getByRole('alert'), 'E_DOMAIN_NOT_ALLOWED');
  });

  await step('sign up, confirm and sign in', async () => {
    await enter(ann);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'claims-heading');
  });

  await step('the claims of both tokens are shown', async () => {
    const access = page.getByRole('table', { name: 'Claims of the access token' });
    await says(access.getByRole('row', { name: /^token_use/ }), 'access');
    const id = page.getByRole('table', { name: 'Claims of the ID token' });
    await says(id.getByRole('row', { name: /^email / }), ann.email);
    await photograph('claims');
  });

  let note;
  await step('what is allowed is explained', async () => {
    note = await call('POST', '/notes', { title: '<img src=x onerror=alert(1)>' });
    await says(verdict, '201 Created, allowed');
    await says(answer.getByRole('row').filter({ hasText: '{ allow: owner }' }), 'matched');
    // Text stays text.
    assert.equal(await answer.locator('img').count(), 0);
    await says(answer.locator('pre'), 'onerror');
    await call('GET', '/notes');
    await says(verdict, '200 OK, depends on the record');
    await assertAccessible(page);
    await photograph('rest');
  });

  await step('the matrix is that of the schema', async () => {
    const table = page.getByRole('table', { name: 'Note', exact: true });
    const cells = await table.getByRole('row', { name: /^owner/ }).getByRole('cell').allTextContents();
    assert.deepEqual(cells, Array(6).fill('own'));
  });

  await step('the GraphQL API answers, and each field is explained', async () => {
    await page.getByRole('button', { name: 'Ask' }).click();
    const answered = page.locator('#graphql-answer');
    await says(answered.getByRole('status'), '200 OK');
    await says(answered.locator('pre'), note.id);
    await says(answered.locator('p').filter({ hasText: 'Query.listNotes' }), 'The rules: depends on the record');
    await page.getByLabel('Query', { exact: true }).fill('query One($id: ID!) { getNote(id: $id) { title } }');
    await page.getByLabel('Variables, as JSON').fill('not JSON');
    await page.getByRole('button', { name: 'Ask' }).click();
    await says(answered.getByRole('status'), 'The list of variables is not JSON');
    await page.getByLabel('Variables, as JSON').fill(JSON.stringify({ id: note.id }));
    await page.getByRole('button', { name: 'Ask' }).click();
    await says(answered.getByRole('status'), '200 OK, allowed');
    await photograph('graphql');
  });

  await step('sign out', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await says(status, 'Nobody has signed in.');
    assert.equal(await page.getByRole('table', { name: /^Claims/ }).count(), 0);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    assert.equal(await answer.textContent(), '');
    await call('GET', `/notes/${note.id}`);
    await says(verdict, '401 Unauthorized, denied');
  });

  await step('what is refused is explained', async () => {
    await enter(bob);
    await call('GET', `/notes/${note.id}`);
    await says(verdict, '404 Not Found, denied');
    await says(answer.getByRole('row').filter({ hasText: '{ allow: owner }' }), 'the record names another owner, or none');
    await call('POST', '/articles', { headline: 'x', text: 'x', section: 'LOCAL' });
    await says(verdict, '403 Forbidden, denied');
    await says(answer.getByRole('row').filter({ hasText: 'editors' }), 'the caller is not in the group');
    await photograph('refused');
  });

  await step('the holder of the API key has what is public', async () => {
    await page.getByLabel('Call as').selectOption('holder of the API key');
    await call('GET', '/articles');
    await says(verdict, '200 OK, allowed');
    await call('GET', '/notes');
    await says(verdict, '403 Forbidden, denied');
  });
});
