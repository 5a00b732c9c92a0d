// AWS Amplify's Authenticator for React against a running local system, configured by what `portcullis client-config` prints.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inChromium } from './chromium.js';

const { CONFIG, CODE } = process.env;
const ann = { email: 'ann@example.com', password: 'Blue-Lantern-41' };

const { outputFiles } = await build({
  absWorkingDir: dirname(fileURLToPath(import.meta.url)),
  entryPoints: ['app.js'],
  outdir: 'out',
  bundle: true,
  format: 'esm',
  define: { 'process.env.NODE_ENV': '"production"' },
  write: false,
  logLevel: 'warning',
});
const built = (end) => outputFiles.find(({ path }) => path.endsWith(end)).contents;
const page = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/app.css">'
  + '<div id="app"></div><script type="module" src="/app.js"></script></html>';
const files = {
  '/': ['text/html', page],
  '/app.js': ['text/javascript', built('app.js')],
  '/app.css': ['text/css', built('app.css')],
  '/config.json': ['application/json', CONFIG],
};
const server = createServer((request, response) => {
  const [type, content] = files[request.url] ?? [];
  response.writeHead(type ? 200 : 404, { 'Content-Type': type ?? 'text/plain' }).end(content);
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

await inChromium('authenticator', async ({ page, step, photograph }) => {
  const heading = page.getByRole('heading', { name: `Hello ${ann.email}` });
  const said = page.locator('output');

  await step('sign up', async () => {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.getByRole('tab', { name: 'Create Account' }).click();
    await page.getByLabel('Email').fill(ann.email);
    await page.getByLabel('Password', { exact: true }).fill(ann.password);
    await page.getByLabel('Confirm Password').fill(ann.password);
    await photograph('sign-up');
    await page.getByRole('button', { name: 'Create Account' }).click();
  });

  await step('the code confirms, and signs in', async () => {
    await page.getByLabel('Confirmation Code').fill(CODE);
    await photograph('code');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await heading.waitFor();
  });

  await step('the REST API answers 201', async () => {
    await page.getByRole('button', { name: 'Write' }).click();
    await said.filter({ hasText: /./ }).waitFor();
    assert.equal(await said.textContent(), 'REST 201 Buy lamp oil');
  });

  await step('the GraphQL API answers', async () => {
    await page.getByRole('button', { name: 'Read' }).click();
    await said.filter({ hasText: /GraphQL|failed/ }).waitFor();
    assert.equal(await said.textContent(), 'GraphQL Buy lamp oil');
    await photograph('signed-in');
  });

  await step('sign out', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.equal(await heading.count(), 0);
  });

  await step('sign in with the password', async () => {
    await page.getByLabel('Email').fill(ann.email);
    await page.getByLabel('Password', { exact: true }).fill(ann.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await heading.waitFor();
  });
});
