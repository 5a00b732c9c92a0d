// AWS Amplify's Storage against a running local system: files of one's own and of others, signed in and as a guest.
// Ends with 1 at the first step that does not do what a browser would need.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Amplify } from 'aws-amplify';
import { confirmSignUp, fetchAuthSession, signIn, signOut, signUp } from 'aws-amplify/auth';
import { copy, downloadData, getProperties, getUrl, list, remove, uploadData } from 'aws-amplify/storage';
import { keepInMemory } from './memory.js';
import { current, step } from './steps.js';

const { POOL_URL, POOL_ID, CLIENT_ID, IDENTITY_POOL_ID, BUCKET_URL, CODE, SHORT_LIVED } = process.env;
const address = new URL(BUCKET_URL);
const bucket = address.pathname.slice(1);

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: POOL_ID,
      userPoolClientId: CLIENT_ID,
      userPoolEndpoint: POOL_URL,
      identityPoolId: IDENTITY_POOL_ID,
      identityPoolEndpoint: POOL_URL,
      allowGuestAccess: true,
      loginWith: { email: true },
    },
  },
  Storage: { S3: { bucket, region: 'us-east-1' } },
});

keepInMemory();

/**
 * Amplify has no place for the address of a local bucket, so what it sends to S3 is sent here instead, as the README has a page do it: to
 * the same name with `.localhost` behind it. A browser finds this machine by such a name; for Node it is looked up here.
 */
const toAws = globalThis.fetch;
let status;
/** Sends once more what was sent last, as it was signed. */
let sendAgain;
globalThis.fetch = async (input, init = {}) => {
  const url = new URL(input);
  if (!url.hostname.endsWith('.amazonaws.com')) return toAws(input, init);
  sendAgain = () => globalThis.fetch(input, init);
  const body = init.body == null ? undefined : Buffer.from(await new Response(init.body).arrayBuffer());
  const headers = Object.fromEntries(new Headers(init.headers));
  const response = await new Promise((resolve, reject) => {
    const request = http.request({
      host: address.hostname,
      port: address.port,
      method: init.method,
      path: url.pathname + url.search,
      headers: { ...headers, host: `${url.host}.localhost:${address.port}`, 'content-length': body?.length ?? 0 },
    });
    request.on('error', reject);
    request.on('response', async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      status = answer.statusCode;
      const empty = init.method === 'HEAD' || status === 204;
      resolve(new Response(empty ? null : Buffer.concat(chunks), { status, headers: answer.headers }));
    });
    request.end(body);
  });
  return response;
};

/** Browsers have it, and Amplify reads a file with it to compute a checksum. */
globalThis.FileReader = class {
  async readAsArrayBuffer(blob) {
    this.result = await blob.arrayBuffer();
    this.onload();
  }
};

const unique = Date.now().toString(36);
const password = 'Blue-Lantern-41';

/** The call must fail with this status and this code. */
async function refused(expected, code, call) {
  try {
    await call();
  } catch (error) {
    assert.deepEqual([status, error.name], [expected, code], `${error.name}: ${error.message}`);
    return;
  }
  assert.fail(`was accepted, ${code} was expected`);
}

async function pool(operation, request) {
  const response = await fetch(POOL_URL, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify({ UserPoolId: POOL_ID, ...request }),
  });
  assert.equal(response.status, 200, await response.text());
}

/** Somebody signs up and in, and is in these groups. Gives the identity. */
async function enter(name, ...groups) {
  const username = `${name}-${unique}@example.com`;
  await signUp({ username, password, options: { userAttributes: { email: username } } });
  await confirmSignUp({ username, confirmationCode: CODE });
  for (const GroupName of groups) await pool('AdminAddUserToGroup', { Username: username, GroupName });
  return comeBack(name);
}

async function comeBack(name) {
  await signOut();
  await signIn({ username: `${name}-${unique}@example.com`, password });
  return (await fetchAuthSession({ forceRefresh: true })).identityId;
}

const put = (path, data, options) => uploadData({ path, data, options }).result;
const text = async (path) => (await downloadData({ path }).result).body.text();
const paths = async (path, options) => (await list({ path, options })).items.map((item) => item.path);

async function run() {
  let anna;

  await step('an administrator, who was the first to come, writes what everybody sees', async () => {
    await enter('adam', 'admins');
    await put('public/notice.txt', 'Lamp oil', { contentType: 'text/plain' });
    assert.equal(await text('public/notice.txt'), 'Lamp oil');
  });

  await step('a member writes, lists, copies and removes their own files', async () => {
    anna = await enter('anna');
    const mine = `private/${anna}/letters/first ü+&.txt`;
    await put(mine, 'Dear Ben', { contentType: 'text/plain', metadata: { mood: 'calm' } });
    await put(`protected/${anna}/portrait.txt`, 'a portrait');
    assert.equal(await text(mine), 'Dear Ben');
    const properties = await getProperties({ path: mine });
    assert.deepEqual(
      [properties.size, properties.contentType, properties.metadata, properties.eTag],
      [8, 'text/plain', { mood: 'calm' }, '"05d17927a37e022c8b93241279b9c614"'],
    );
    const second = `private/${anna}/letters/second.txt`;
    // Amplify sends the name of a source as it is, so one with spaces would have to be encoded by the caller.
    await copy({ source: { path: `protected/${anna}/portrait.txt` }, destination: { path: second } });
    assert.equal(await text(second), 'a portrait');
    assert.deepEqual(await paths(`private/${anna}/`), [mine, second]);
    await remove({ path: second });
    assert.deepEqual(await paths(`private/${anna}/`), [mine]);
    await put(`private/${anna}/folder/1`, '1');
    await put(`private/${anna}/folder/2`, '2');
    const shallow = await list({ path: `private/${anna}/`, options: { subpathStrategy: { strategy: 'exclude' } } });
    assert.deepEqual(shallow.items, []);
    assert.deepEqual(shallow.excludedSubpaths, [`private/${anna}/folder/`, `private/${anna}/letters/`]);
    await remove({ path: `private/${anna}/folder/` });
    assert.deepEqual(await paths(`private/${anna}/`), [mine]);
  });

  await step('a list goes on where its page ended', async () => {
    const folder = `private/${anna}/pages/`;
    for (const name of ['a', 'b', 'c']) await put(folder + name, name);
    const first = await list({ path: folder, options: { pageSize: 2 } });
    const second = await list({ path: folder, options: { pageSize: 2, nextToken: first.nextToken } });
    assert.deepEqual([...first.items, ...second.items].map((item) => item.path), ['a', 'b', 'c'].map((it) => folder + it));
    assert.equal(second.nextToken, undefined);
    assert.equal((await paths(folder, { listAll: true })).length, 3);
    for (const prefix of ['', 'private/', `private/${anna}`, 'protected']) {
      await refused(403, 'AccessDenied', () => list({ path: prefix }));
    }
  });

  await step('a file that is larger than a part comes in parts', async () => {
    const data = Buffer.alloc(12 * 1024 * 1024, '0123456789abcdef-');
    const path = `private/${anna}/large`;
    await put(path, data);
    const { body, eTag, size } = await downloadData({ path }).result;
    assert.match(eTag, /^"[0-9a-f]{32}-3"$/);
    assert.equal(size ?? (await getProperties({ path })).size, data.length);
    assert.ok(Buffer.from(await (await body.blob()).arrayBuffer()).equals(data));
    await put(path, data, { checksumAlgorithm: 'crc-32' });
    await remove({ path });
  });

  await step('an upload may ask that it replaces nothing', async () => {
    const path = `private/${anna}/once`;
    await put(path, '1', { preventOverwrite: true });
    await refused(412, 'PreconditionFailed', () => put(path, '2', { preventOverwrite: true }));
    assert.equal(await text(path), '1');
  });

  await step('a URL opens one file for a while', async () => {
    const path = `private/${anna}/letters/first ü+&.txt`;
    const { url } = await getUrl({ path, options: { expiresIn: 900, contentDisposition: 'attachment' } });
    const response = await fetch(url);
    assert.equal(await response.text(), 'Dear Ben');
    assert.equal(response.headers.get('content-disposition'), 'attachment');
    const other = new URL(url);
    other.pathname = other.pathname.replace('first', 'second');
    const refusal = await fetch(other);
    assert.equal(refusal.status, 403);
    assert.match(await refusal.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
    await refused(403, '403', () => getUrl({ path: `${path}x`, options: { validateObjectExistence: true } }));
    const short = await getUrl({ path, options: { expiresIn: 1 } });
    const late = await until(async () => {
      const answer = await fetch(short.url);
      return answer.status === 200 ? undefined : answer;
    });
    assert.equal(late.status, 403);
    assert.match(await late.text(), /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/);
  });

  await step('another member reads what is protected, and nothing else of theirs', async () => {
    const ben = await enter('ben');
    assert.notEqual(ben, anna);
    assert.equal(await text(`protected/${anna}/portrait.txt`), 'a portrait');
    assert.deepEqual(await paths(`protected/${anna}/`), [`protected/${anna}/portrait.txt`]);
    assert.equal(await text('public/notice.txt'), 'Lamp oil');
    await put(`private/${ben}/a`, 'mine');
    const theirs = `private/${anna}/once`;
    for (const call of [
      () => text(theirs),
      () => put(theirs, 'theirs'),
      () => put(`protected/${anna}/portrait.txt`, 'theirs'),
      () => put('public/mine.txt', 'mine'),
      () => put('mine.txt', 'mine'),
      () => put(theirs, Buffer.alloc(6 * 1024 * 1024)),
      () => remove({ path: theirs }),
      () => remove({ path: `protected/${anna}/portrait.txt` }),
      () => remove({ path: 'public/notice.txt' }),
      () => list({ path: `private/${anna}/` }),
      () => copy({ source: { path: theirs }, destination: { path: `private/${ben}/stolen` } }),
      () => copy({ source: { path: `private/${ben}/a` }, destination: { path: theirs } }),
      () => text(`private/${ben}/none`),
    ]) {
      await refused(403, 'AccessDenied', call);
    }
    // HEAD has no body to tell a code in.
    await refused(403, '403', () => getProperties({ path: theirs }));
    assert.deepEqual(await paths(`private/${ben}/`), [`private/${ben}/a`]);
  });

  await step('a guest reads what is public', async () => {
    await signOut();
    const { identityId, credentials } = await fetchAuthSession();
    assert.ok(credentials);
    assert.equal(await text('public/notice.txt'), 'Lamp oil');
    assert.deepEqual(await paths('public/'), ['public/notice.txt']);
    for (const call of [
      () => put('public/mine.txt', 'mine'),
      () => put(`private/${identityId}/a`, 'mine'),
      () => put(`protected/${identityId}/a`, 'mine'),
      () => text(`protected/${anna}/portrait.txt`),
      () => text(`private/${anna}/once`),
      () => list({ path: 'protected/' }),
      () => remove({ path: 'public/notice.txt' }),
    ]) {
      await refused(403, 'AccessDenied', call);
    }
  });

  await step('an editor writes what everybody sees, and an administrator removes what should not be seen', async () => {
    await enter('eda', 'editors');
    await put('public/news.txt', 'Rope');
    await remove({ path: 'public/news.txt' });
    await refused(403, 'AccessDenied', () => remove({ path: `protected/${anna}/portrait.txt` }));
    await comeBack('adam');
    await refused(403, 'AccessDenied', () => put(`protected/${anna}/portrait.txt`, 'another'));
    await refused(403, 'AccessDenied', () => text(`private/${anna}/once`));
    await remove({ path: `protected/${anna}/portrait.txt` });
    await comeBack('anna');
    await refused(403, 'AccessDenied', () => text(`protected/${anna}/portrait.txt`));
    assert.equal(await text(`private/${anna}/once`), '1');
  });
}

/** Tries until there is an answer, for a minute at most. */
async function until(attempt) {
  for (let left = 240; left > 0; left -= 1) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return assert.fail('it did not come to that within a minute');
}

/** Credentials that are good for seconds. On a machine that is busy they may end before they are used. */
async function runShortLived() {
  let anna;
  let key;

  await step('a request is refused when the credentials have ended that it was signed with', async () => {
    anna = await enter('anna');
    const path = `private/${anna}/a`;
    await until(async () => {
      await fetchAuthSession({ forceRefresh: true });
      return put(path, 'mine').catch(expired);
    });
    key = (await fetchAuthSession()).credentials.accessKeyId;
    const again = sendAgain;
    const late = await until(async () => {
      const answer = await again();
      return answer.status === 200 ? undefined : answer;
    });
    assert.equal(late.status, 400);
    assert.match(await late.text(), /<Code>ExpiredToken<\/Code>/);
  });

  // Of the end that it is told Amplify makes nothing: it has new credentials after fifty minutes. So much time passes here.
  await step('Amplify has new ones when it is time, and goes on', async () => {
    assert.equal((await fetchAuthSession()).credentials.accessKeyId, key);
    const { now } = Date;
    Date.now = () => now() + 51 * 60 * 1000;
    await fetchAuthSession();
    Date.now = now;
    assert.notEqual((await fetchAuthSession()).credentials.accessKeyId, key);
  });

  await step('an app may ask for new ones before', async () => {
    await until(async () => {
      await fetchAuthSession({ forceRefresh: true });
      return text(`private/${anna}/a`).catch(expired);
    });
  });
}

function expired(error) {
  assert.deepEqual([status, error.name], [400, 'ExpiredToken'], `${error.name}: ${error.message}`);
}

(SHORT_LIVED ? runShortLived() : run()).catch((error) => {
  console.error(`failed at: ${current}`);
  console.error(error);
  process.exitCode = 1;
});
