// AWS Amplify with an identity pool against a running local system: credentials for guests and members, and requests that
// are signed with them. Ends with 1 at the first step that does not do what a browser would need.
import assert from 'node:assert/strict';
import { Amplify } from 'aws-amplify';
import { confirmSignUp, fetchAuthSession, signIn, signOut, signUp } from 'aws-amplify/auth';
import { del, generateClient, get, post } from 'aws-amplify/api';
import { keepInMemory } from './memory.js';
import { current, step } from './steps.js';

const { API_URL, POOL_URL, POOL_ID, CLIENT_ID, IDENTITY_POOL_ID, CODE } = process.env;

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
  API: {
    REST: { portcullis: { endpoint: API_URL, region: 'us-east-1' } },
    GraphQL: { endpoint: `${API_URL}/graphql`, region: 'us-east-1', defaultAuthMode: 'userPool' },
  },
});

keepInMemory();

const unique = Date.now().toString(36);
const password = 'Blue-Lantern-41';

/** Calls the API without a token, so that Amplify signs the call, and gives the status and the body. */
async function api(method, path, body, queryParams) {
  try {
    const { response } = method({ apiName: 'portcullis', path, options: { body, queryParams } });
    const { statusCode, body: stream } = await response;
    return { status: statusCode, body: statusCode === 204 ? undefined : await stream.json() };
  } catch (error) {
    assert.ok(error.response, `no answer: ${error}`);
    const text = error.response.body;
    return { status: error.response.statusCode, headers: error.response.headers, body: text && JSON.parse(text) };
  }
}

/** Asks the GraphQL API by a signed request, and gives what it answers. */
async function graphql(query, variables) {
  try {
    return await generateClient().graphql({ query, variables, authMode: 'iam' });
  } catch (answer) {
    assert.ok(answer.errors, `no answer: ${answer}`);
    return answer;
  }
}

async function enter(name) {
  const username = `${name}-${unique}@example.com`;
  await signUp({ username, password, options: { userAttributes: { email: username } } });
  await confirmSignUp({ username, confirmationCode: CODE });
  await signIn({ username, password });
}

async function run() {
  let guest;
  let anna;
  let path;

  await step('a guest has an identity and credentials', async () => {
    guest = await fetchAuthSession();
    assert.match(guest.identityId, /^us-east-1:[0-9a-f-]{36}$/);
    assert.match(guest.credentials.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
    assert.ok(guest.credentials.expiration > new Date());
    assert.equal(guest.tokens, undefined);
    assert.equal((await fetchAuthSession()).identityId, guest.identityId);
  });

  await step('a guest reads what rules leave to guests, and writes nothing', async () => {
    assert.deepEqual(await api(get, '/notices'), { status: 200, body: { items: [], nextToken: null } });
    assert.equal((await api(post, '/notices', { text: 'Lamp oil' })).status, 403);
    assert.equal((await api(get, '/diaries')).status, 403);
  });

  await step('a member has the identity that the guest had, and other credentials', async () => {
    await enter('anna');
    anna = await fetchAuthSession({ forceRefresh: true });
    assert.equal(anna.identityId, guest.identityId);
    assert.notEqual(anna.credentials.accessKeyId, guest.credentials.accessKeyId);
    assert.ok(anna.userSub);
  });

  await step('a member writes by a signed request, with a query and a body', async () => {
    const made = await api(post, '/notices', { text: 'Lamp oil & "rope" · ✓' });
    assert.equal(made.status, 201, JSON.stringify(made));
    path = `/notices/${made.body.id}`;
    const page = await api(get, '/notices', undefined, { limit: '1' });
    assert.equal(page.status, 200, JSON.stringify(page));
    assert.deepEqual(page.body.items, [made.body]);
    assert.deepEqual(await api(get, path), { status: 200, body: made.body });
  });

  await step('what asks for a token is not open to credentials', async () => {
    assert.equal((await api(get, '/diaries')).status, 403);
    assert.equal((await api(post, '/diaries', { text: 'mine' })).status, 403);
  });

  await step('the GraphQL API decides by the same rules', async () => {
    const made = await graphql('mutation M($text: String!) { createNotice(input: { text: $text }) { id text } }', {
      text: 'Rope ✓',
    });
    assert.equal(made.data?.createNotice?.text, 'Rope ✓', JSON.stringify(made));
    const list = await graphql('{ listNotices { items { id } } }');
    assert.ok(list.data.listNotices.items.some(({ id }) => id === made.data.createNotice.id), JSON.stringify(list));
    const refused = await graphql('{ listDiaries { items { id } } }');
    assert.equal(refused.errors[0].errorType, 'Unauthorized', JSON.stringify(refused));
    await signOut();
    assert.ok((await graphql('{ listNotices { items { id } } }')).data.listNotices.items.length > 0);
    const guests = await graphql('mutation { createNotice(input: { text: "mine" }) { id } }');
    assert.equal(guests.errors[0].errorType, 'Unauthorized', JSON.stringify(guests));
    await signIn({ username: `anna-${unique}@example.com`, password });
    assert.equal((await fetchAuthSession({ forceRefresh: true })).identityId, anna.identityId);
  });

  await step('a member who signs in again has the same identity', async () => {
    await signOut();
    const stranger = await fetchAuthSession();
    assert.notEqual(stranger.identityId, anna.identityId);
    assert.equal((await api(del, path)).status, 403);
    await signIn({ username: `anna-${unique}@example.com`, password });
    assert.equal((await fetchAuthSession({ forceRefresh: true })).identityId, anna.identityId);
    assert.equal((await api(del, path)).status, 204);
  });

  await step('another member is another identity', async () => {
    await signOut();
    await enter('ben');
    const ben = await fetchAuthSession({ forceRefresh: true });
    assert.notEqual(ben.identityId, anna.identityId);
    assert.notEqual(ben.userSub, anna.userSub);
    await signOut();
  });
}

run().catch((error) => {
  console.error(`failed at: ${current}`);
  console.error(error);
  process.exitCode = 1;
});
