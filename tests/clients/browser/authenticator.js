// AWS Amplify's Authenticator for React, configured by what `portcullis client-config` prints: against a running local system, or,
// where `EMULATOR_URL` is given, against a stack that is deployed there and lets pages of `ORIGIN` in.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inChromium } from './chromium.js';
import { reachable } from './deployed.js';

const { CODE, EMULATOR_URL } = process.env;
const CONFIG = EMULATOR_URL ? await reachable(process.env.CONFIG) : process.env.CONFIG;
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
const address = `127.0.0.1:${server.address().port}`;
// A stack knows its pages' origin before they are served: the browser finds them there.
const origin = process.env.ORIGIN ?? `http://${address}`;
const rules = `--host-resolver-rules=MAP ${new URL(origin).host} ${address}`;

await inChromium(EMULATOR_URL ? 'deployed' : 'authenticator', async ({ page, step, photograph }) => {
  const heading = page.getByRole('heading', { name: `Hello ${ann.email}` });
  const said = page.locator('output');
  const signedIn = async () => {
    // ministack does not note that the code has verified the address, so the Authenticator offers to do that.
    if (EMULATOR_URL) await page.getByRole('button', { name: 'Skip' }).click();
    await heading.waitFor();
  };

  await step('sign up', async () => {
    await page.goto(`${origin}/`);
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
    await signedIn();
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
    await signedIn();
  });
}, EMULATOR_URL ? [rules] : []);
