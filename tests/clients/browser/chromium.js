// Chromium without a screen, and what all scripts do in it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { CHROMIUM, SCREENSHOTS } = process.env;
// Long enough for a machine that is busy with other tests: what is waited for comes, or the test fails.
const PATIENCE = 60_000;

/** Runs the steps of a test in a new page, and ends the process. */
export async function inChromium(name, run, further = []) {
  // As root, in a container, Chromium's own sandbox cannot start.
  const args = process.getuid?.() === 0 ? ['--no-sandbox', ...further] : further;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args, timeout: PATIENCE });
  let current = 'start';
  let status = 0;
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const mistakes = [];
  page.on('pageerror', (error) => mistakes.push(error.stack ?? String(error)));
  page.on('console', (message) => {
    // An answer that refuses is an error to the browser, and here often what is expected.
    const refused = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !refused) mistakes.push(message.text());
  });
  const photograph = async (of) => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `${name}-${of}.png`), fullPage: true });
  };
  const step = async (title, of) => {
    current = title;
    await of();
    assert.deepEqual(mistakes, [], `mistakes in the page: ${mistakes.join('\n')}`);
    console.log(`ok  ${title}`);
  };
  try {
    await run({ page, step, photograph });
  } catch (error) {
    status = 1;
    console.error(`FAILED  ${current}: ${error?.stack ?? error}\n${mistakes.join('\n')}`);
    await photograph('failed').catch(() => {});
  }
  await browser.close();
  process.exit(status);
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails if axe finds anything in the page that keeps somebody out. */
export async function assertAccessible(page) {
  // By the debugger's own way in: the page's policy lets no script in that is not its own.
  const violations = await page.evaluate(`(async () => {
    ${axe};
    const { violations } = await axe.run(document);
    return violations.map(({ id, help, nodes }) => id + ': ' + help + ' ' + nodes.map((node) => node.html).join(' '));
  })()`);
  assert.deepEqual(violations, []);
}
