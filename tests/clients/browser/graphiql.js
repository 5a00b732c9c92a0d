// GraphiQL as the local system serves it: a query by the token of whoever has signed in, and by the API key.
import assert from 'node:assert/strict';
import { inChromium } from './chromium.js';

const { API_URL, CODE } = process.env;
const ann = { email: 'ann@example.com', password: 'Blue-Lantern-41' };

await inChromium('graphiql', async ({ page, step, photograph }) => {
  const query = page.locator('.graphiql-query-editor .CodeMirror');
  const headers = page.locator('.graphiql-editor-tool .CodeMirror:visible');
  const response = page.locator('.graphiql-response .CodeMirror');
  // GraphiQL reads the name of the operation some time after the text has changed: all of them are called as the first one is.
  const run = async (text) => {
    await query.evaluate((editor, text) => editor.CodeMirror.setValue(text), text);
    const isAnswer = (answer) => answer.request().postDataJSON()?.query === text;
    const answered = page.waitForResponse(isAnswer);
    await page.getByRole('button', { name: /^Execute query/ }).click();
    return (await answered).json();
  };

  await step('without a token the API key stands in the headers', async () => {
    await page.goto(`${API_URL}/graphiql`);
    await headers.filter({ hasText: 'x-api-key' }).waitFor();
    const { data } = await run('query List { listArticles { items { id } } }');
    assert.deepEqual(data, { listArticles: { items: [] } });
    await response.filter({ hasText: 'listArticles' }).waitFor();
  });

  await step('nothing is loaded from elsewhere, and nothing is kept', async () => {
    const places = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin));
    assert.deepEqual([...new Set(places)], [API_URL]);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
  });

  await step('who has signed in at the console comes in by their token', async () => {
    await page.goto(`${API_URL}/`);
    await page.getByLabel('E-mail of the new user').fill(ann.email);
    await page.getByLabel('Password of the new user').fill(ann.password);
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.locator('#who').filter({ hasText: 'has signed up' }).waitFor();
    await page.getByLabel('Code', { exact: true }).fill(CODE);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('#who').filter({ hasText: 'is confirmed' }).waitFor();
    await page.getByLabel('Password', { exact: true }).fill(ann.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('#who').filter({ hasText: 'has signed in' }).waitFor();
    await page.getByRole('link', { name: 'GraphiQL' }).click();
    await headers.filter({ hasText: 'Authorization' }).waitFor();
    const { data, errors } = await run('mutation List { createNote(input: { title: "Buy lamp oil" }) { id title owner } }');
    assert.equal(data?.createNote?.title, 'Buy lamp oil', JSON.stringify(errors));
    await response.filter({ hasText: 'Buy lamp oil' }).waitFor();
  });

  await step('the documentation is that of the expanded schema', async () => {
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).first().click();
    await page.locator('.graphiql-doc-explorer').getByText('listNotes', { exact: true }).waitFor();
    await photograph('documentation');
  });

  await step('a dialogue opens within the policy of the page', async () => {
    await page.getByRole('button', { name: 'Open settings dialog' }).click();
    await page.getByRole('dialog').waitFor();
  });
});
