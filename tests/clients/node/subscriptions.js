// AWS Amplify's subscriptions against a running local system: two people on one connection, each with their own token.
// Ends with 1 at the first step that does not do what a browser would need.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { Amplify } from 'aws-amplify';
import { Hub } from 'aws-amplify/utils';
import { confirmSignUp, getCurrentUser, signIn, signOut, signUp } from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/api';
import { keepInMemory } from './memory.js';
import { current, step } from './steps.js';

const { API_URL, POOL_URL, POOL_ID, CLIENT_ID, CODE, API_KEY } = process.env;

// Node has one of its own from version 22 on.
globalThis.WebSocket ??= WebSocket;

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: POOL_ID,
      userPoolClientId: CLIENT_ID,
      userPoolEndpoint: POOL_URL,
      loginWith: { email: true },
    },
  },
  API: {
    GraphQL: {
      // Amplify makes `wss://` of `http://`, and leaves this alone: without TLS it is the same address, for `fetch` and WebSocket alike.
      endpoint: `${API_URL.replace('http:', 'HTTP:')}/graphql`,
      region: 'us-east-1',
      defaultAuthMode: 'userPool',
      apiKey: API_KEY,
    },
  },
});

keepInMemory();

const unique = Date.now().toString(36);
const password = 'Blue-Lantern-41';
const client = generateClient();

const email = (name) => `${name}-${unique}@example.com`;

async function join(name) {
  await signUp({ username: email(name), password, options: { userAttributes: { email: email(name) } } });
  await confirmSignUp({ username: email(name), confirmationCode: CODE });
}

/** Signs the one out who is signed in, and this one in; returns the `sub`. */
async function become(name) {
  await signOut();
  await signIn({ username: email(name), password });
  return (await getCurrentUser()).userId;
}

async function eventually(what, isSo) {
  const end = Date.now() + 60_000;
  while (!isSo()) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
    await new Promise((later) => setTimeout(later, 20));
  }
}

const acknowledged = [];
Hub.listen('api', ({ payload }) => {
  if (payload.event === 'Subscription ack') acknowledged.push(payload.data.query);
});

/** Subscribes and waits until that is known to the server. */
async function listen(query, variables, authMode) {
  const events = [];
  const before = acknowledged.length;
  let failure;
  const subscription = client.graphql({ query, variables, authMode }).subscribe({
    next: ({ data }) => events.push(Object.values(data)[0]),
    error: (error) => (failure = error),
  });
  await eventually('subscribed', () => failure || acknowledged.length > before);
  if (failure) throw failure;
  return { events, stop: () => subscription.unsubscribe() };
}

const onCreatePost = /* GraphQL */ `
  subscription OnCreatePost($filter: ModelSubscriptionPostFilterInput, $owner: String) {
    onCreatePost(filter: $filter, owner: $owner) { id text stars owner __typename }
  }
`;
const onUpdateBlog = /* GraphQL */ `
  subscription OnUpdateBlog($filter: ModelSubscriptionBlogFilterInput) {
    onUpdateBlog(filter: $filter) { id name __typename }
  }
`;
const createPost = /* GraphQL */ `
  mutation CreatePost($input: CreatePostInput!) {
    createPost(input: $input) { id text stars owner createdAt updatedAt __typename }
  }
`;
const createBlog = /* GraphQL */ `
  mutation CreateBlog($input: CreateBlogInput!) { createBlog(input: $input) { id name owner __typename } }
`;
const updateBlog = /* GraphQL */ `
  mutation UpdateBlog($input: UpdateBlogInput!) { updateBlog(input: $input) { id name owner __typename } }
`;
const post = (text, stars) => client.graphql({ query: createPost, variables: { input: { text, stars } } });
const texts = ({ events }) => events.map(({ text }) => text);

try {
  let ann, bob, best, everybody, annId, bobId;

  await step('ann and bob subscribe on one connection', async () => {
    await join('ann');
    await join('bob');
    annId = await become('ann');
    ann = await listen(onCreatePost);
    best = await listen(onCreatePost, { filter: { stars: { ge: 4 } } });
    bobId = await become('bob');
    bob = await listen(onCreatePost, { owner: bobId });
    everybody = await listen(onUpdateBlog, {}, 'apiKey');
  });

  await step('each is told of what is theirs, and of what they have asked for', async () => {
    await post('of bob', 5);
    await become('ann');
    await post('of ann', 1);
    await post('best of ann', 5);
    await eventually('ann', () => ann.events.length >= 2);
    await eventually('bob', () => bob.events.length >= 1);
    await eventually('the best', () => best.events.length >= 1);
    assert.deepEqual(texts(ann), ['of ann', 'best of ann']);
    assert.deepEqual(texts(bob), ['of bob']);
    assert.deepEqual(texts(best), ['best of ann']);
    assert.deepEqual({ ...ann.events[0], id: '' }, { id: '', text: 'of ann', stars: 1, owner: annId, __typename: 'Post' });
  });

  await step('whoever has the API key is told of what is public', async () => {
    await client.graphql({ query: createBlog, variables: { input: { id: `b-${unique}`, name: 'Tea' } } });
    await client.graphql({ query: updateBlog, variables: { input: { id: `b-${unique}`, name: 'Coffee' } } });
    await eventually('everybody', () => everybody.events.length >= 1);
    assert.deepEqual(everybody.events, [{ id: `b-${unique}`, name: 'Coffee', __typename: 'Blog' }]);
  });

  await step('who has unsubscribed is told no more', async () => {
    best.stop();
    await post('another', 5);
    await eventually('ann', () => ann.events.length >= 3);
    assert.deepEqual(texts(best), ['best of ann']);
    assert.deepEqual(texts(bob), ['of bob']);
  });

  await step('to listen for another is refused', async () => {
    const refused = await listen(onCreatePost, { owner: bobId }).then(() => assert.fail('was accepted'), (error) => error);
    const message = refused.errors?.[0]?.message ?? '';
    assert.match(message, /"errorType":"Unauthorized"/);
    assert.match(message, /Not Authorized to access onCreatePost on type Subscription/);
  });
  process.exit(0);
} catch (error) {
  console.error(`failed  ${current}`);
  console.error(error.errors ? JSON.stringify(error, null, 2) : error);
  process.exit(1);
}
