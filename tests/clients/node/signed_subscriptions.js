// AWS Amplify's subscriptions with credentials of an identity pool (`authMode: 'iam'`) against a running local system: of a guest and of a
// member. Ends with 1 at the first step that does not do what a browser would need.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { Amplify } from 'aws-amplify';
import { Hub } from 'aws-amplify/utils';
import { confirmSignUp, fetchAuthSession, signIn, signUp } from 'aws-amplify/auth';
import { cognitoCredentialsProvider, cognitoUserPoolsTokenProvider } from 'aws-amplify/auth/cognito';
import { generateClient } from 'aws-amplify/api';
import { keepInMemory } from './memory.js';
import { current, step } from './steps.js';

const { API_URL, POOL_URL, POOL_ID, CLIENT_ID, IDENTITY_POOL_ID, CODE } = process.env;

// Node has one of its own from version 22 on.
globalThis.WebSocket ??= WebSocket;

/** What makes each secret key another one, while it is asked to. */
let forging = false;
const credentialsProvider = {
  getCredentialsAndIdentityId: async (options) => {
    const given = await cognitoCredentialsProvider.getCredentialsAndIdentityId(options);
    return forging ? { ...given, credentials: { ...given.credentials, secretAccessKey: 'x' } } : given;
  },
  clearCredentialsAndIdentityId: () => cognitoCredentialsProvider.clearCredentialsAndIdentityId(),
};

keepInMemory();

const Auth = {
  Cognito: {
    userPoolId: POOL_ID,
    userPoolClientId: CLIENT_ID,
    userPoolEndpoint: POOL_URL,
    identityPoolId: IDENTITY_POOL_ID,
    identityPoolEndpoint: POOL_URL,
    allowGuestAccess: true,
    loginWith: { email: true },
  },
};
// In capitals, so that Amplify makes no `wss://` of it.
const endpoint = `${API_URL.replace('http:', 'HTTP:')}/graphql`;
// What Amplify does itself where it is given no providers.
cognitoUserPoolsTokenProvider.setAuthConfig(Auth);
Amplify.configure(
  { Auth, API: { GraphQL: { endpoint, region: 'us-east-1', defaultAuthMode: 'iam' } } },
  { Auth: { tokenProvider: cognitoUserPoolsTokenProvider, credentialsProvider } },
);

const client = generateClient();
const unique = Date.now().toString(36);

async function eventually(what, isSo) {
  const end = Date.now() + 60_000;
  while (!isSo()) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
    await new Promise((later) => setTimeout(later, 20));
  }
}

let acknowledged = 0;
Hub.listen('api', ({ payload }) => {
  if (payload.event === 'Subscription ack') acknowledged += 1;
});

/** Subscribes and waits until that is known to the server. */
async function listen(query) {
  const events = [];
  const before = acknowledged;
  let failure;
  const subscription = client.graphql({ query, authMode: 'iam' }).subscribe({
    next: ({ data }) => events.push(Object.values(data)[0]),
    error: (error) => (failure = error),
  });
  await eventually('subscribed', () => failure || acknowledged > before);
  if (failure) throw failure;
  return { events, stop: () => subscription.unsubscribe() };
}

async function refused(query) {
  const error = await listen(query).then(() => assert.fail('was accepted'), (error) => error);
  return error.errors?.[0]?.message ?? String(error);
}

const onCreateNotice = /* GraphQL */ `subscription { onCreateNotice { id text } }`;
const onCreateMinute = /* GraphQL */ `subscription { onCreateMinute { id text } }`;
const onCreateDiary = /* GraphQL */ `subscription { onCreateDiary { id } }`;
const create = (model, text) =>
  client.graphql({ query: `mutation M($text: String!) { create${model}(input: { text: $text }) { id text } }`, variables: { text }, authMode: 'iam' });
const texts = ({ events }) => events.map(({ text }) => text);

try {
  let guest, member, minutes;

  // Amplify connects anew when a subscription is refused, and so the refusals come when nobody listens.
  await step('what rules keep from guests is refused to them', async () => {
    const message = await refused(onCreateMinute);
    assert.match(message, /"errorType":"Unauthorized"/);
    assert.match(message, /Not Authorized to access onCreateMinute on type Subscription/);
  });

  await step('a guest and then a member subscribe on one connection', async () => {
    guest = await listen(onCreateNotice);
    const username = `mona-${unique}@example.com`;
    const password = 'Blue-Lantern-41';
    await signUp({ username, password, options: { userAttributes: { email: username } } });
    await confirmSignUp({ username, confirmationCode: CODE });
    await signIn({ username, password });
    const session = await fetchAuthSession({ forceRefresh: true });
    assert.ok(session.userSub);
    member = await listen(onCreateNotice);
    minutes = await listen(onCreateMinute);
  });

  await step('each is told of what is theirs', async () => {
    await create('Notice', 'Lamp oil · ✓');
    await create('Minute', 'Rope');
    await create('Notice', 'Matches');
    for (const [who, heard] of [['the guest', guest], ['the member', member]]) {
      await eventually(who, () => heard.events.length >= 2);
      assert.deepEqual(texts(heard), ['Lamp oil · ✓', 'Matches']);
    }
    await eventually('the minutes', () => minutes.events.length >= 1);
    assert.deepEqual(texts(minutes), ['Rope']);
  });

  await step('what asks for a token is refused to credentials, and so is a signature with another key', async () => {
    for (const heard of [guest, member, minutes]) heard.stop();
    assert.match(await refused(onCreateDiary), /"errorType":"Unauthorized"/);
    forging = true;
    assert.match(await refused(onCreateNotice), /BadRequestException/);
  });
  process.exit(0);
} catch (error) {
  console.error(`failed  ${current}`);
  console.error(error.errors ? JSON.stringify(error, null, 2) : error);
  process.exit(1);
}
