// AWS Amplify against a running local system: sign-up, code, SRP sign-in, refresh, the API, sign-out.
// Ends with 1 at the first step that does not do what a browser would need.
import assert from 'node:assert/strict';
import { Amplify } from 'aws-amplify';
import {
  confirmResetPassword,
  confirmSignUp,
  confirmUserAttribute,
  fetchAuthSession,
  fetchUserAttributes,
  getCurrentUser,
  resendSignUpCode,
  resetPassword,
  signIn,
  signOut,
  signUp,
  updatePassword,
  updateUserAttributes,
} from 'aws-amplify/auth';
import { del, get, patch, post } from 'aws-amplify/api';
import { keepInMemory } from './memory.js';
import { current, step } from './steps.js';

const { API_URL, POOL_URL, POOL_ID, CLIENT_ID, CODE, DENIED_DOMAIN } = process.env;

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: POOL_ID,
      userPoolClientId: CLIENT_ID,
      userPoolEndpoint: POOL_URL,
      loginWith: { email: true },
    },
  },
  API: { REST: { portcullis: { endpoint: API_URL, region: 'us-east-1' } } },
});

/** Where Amplify keeps its tokens. Ours can be looked into: Amplify gives nobody its refresh token. */
const stored = keepInMemory();

const unique = Date.now().toString(36);
const anna = { username: `anna-${unique}@example.com`, password: 'Blue-Lantern-41' };
const ben = { username: `ben-${unique}@example.com`, password: 'Green-Harbour-72' };

/** The call must fail with an error of this name. */
async function refused(name, call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.name, name, `failed with ${error.name}: ${error.message}`);
    return error;
  }
  assert.fail(`was accepted, ${name} was expected`);
}

/** Calls the API with the current access token and gives the status and the body. */
async function api(method, path, body) {
  const { tokens } = await fetchAuthSession();
  const headers = { Authorization: `Bearer ${tokens.accessToken}` };
  try {
    const { response } = method({ apiName: 'portcullis', path, options: { headers, body } });
    const { statusCode, body: stream } = await response;
    return { status: statusCode, body: statusCode === 204 ? undefined : await stream?.json() };
  } catch (error) {
    assert.ok(error.response, `no answer: ${error}`);
    return { status: error.response.statusCode, body: JSON.parse(error.response.body) };
  }
}

/** Calls an operation of the user pool without Amplify, which hides some failures from its caller. */
async function pool(operation, request) {
  const answer = await fetch(POOL_URL, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify(request),
  });
  return { status: answer.status, body: await answer.json() };
}

/** The tokens of Amplify's session. */
async function session() {
  const { tokens } = await fetchAuthSession();
  const key = [...stored.keys()].find((name) => name.endsWith('.refreshToken'));
  return { accessToken: tokens.accessToken.toString(), refreshToken: stored.get(key) };
}

/** The tokens of a session that Amplify knows nothing of. */
async function otherSession({ username, password }) {
  const AuthParameters = { USERNAME: username, PASSWORD: password };
  const { body } = await pool('InitiateAuth', {
    ClientId: CLIENT_ID,
    AuthFlow: 'USER_PASSWORD_AUTH',
    AuthParameters,
  });
  const { AccessToken, RefreshToken } = body.AuthenticationResult;
  return { accessToken: AccessToken, refreshToken: RefreshToken };
}

/** What the pool says to a session's tokens: one answer to the access token, one to the refresh token. */
async function answers({ accessToken, refreshToken }) {
  return [
    await pool('GetUser', { AccessToken: accessToken }),
    await pool('GetTokensFromRefreshToken', { ClientId: CLIENT_ID, RefreshToken: refreshToken }),
  ];
}

async function goesOn(tokens) {
  for (const { status, body } of await answers(tokens)) {
    assert.equal(status, 200, body.message);
  }
}

async function hasEnded(tokens) {
  for (const { status, body } of await answers(tokens)) {
    assert.deepEqual([status, body.__type], [400, 'NotAuthorizedException']);
    assert.match(body.message, /has been revoked$/);
  }
}

async function enroll(user) {
  const options = { userAttributes: { email: user.username } };
  const { nextStep } = await signUp({ ...user, options });
  assert.equal(nextStep.signUpStep, 'CONFIRM_SIGN_UP');
  const confirmed = await confirmSignUp({ username: user.username, confirmationCode: CODE });
  assert.equal(confirmed.isSignUpComplete, true);
}

let note;

try {
  await step('a refused domain cannot sign up', async () => {
    const username = `mallory-${unique}@${DENIED_DOMAIN}`;
    const options = { userAttributes: { email: username } };
    const error = await refused('UserLambdaValidationException', () =>
      signUp({ username, password: anna.password, options }),
    );
    assert.match(error.message, /^PreSignUp failed with error /);
  });

  await step('a weak password is refused', async () => {
    const options = { userAttributes: { email: anna.username } };
    await refused('InvalidPasswordException', () => signUp({ ...anna, password: 'short', options }));
  });

  await step('sign up', async () => {
    const options = { userAttributes: { email: anna.username } };
    const { isSignUpComplete, userId, nextStep } = await signUp({ ...anna, options });
    assert.equal(isSignUpComplete, false);
    assert.match(userId, /^[0-9a-f-]{36}$/);
    assert.equal(nextStep.codeDeliveryDetails.deliveryMedium, 'EMAIL');
    await refused('UsernameExistsException', () => signUp({ ...anna, options }));
  });

  await step('an unconfirmed user is asked to confirm', async () => {
    const { nextStep } = await signIn(anna);
    assert.equal(nextStep.signInStep, 'CONFIRM_SIGN_UP');
  });

  await step('a wrong code is refused', async () => {
    const wrong = CODE === '000000' ? '000001' : '000000';
    await refused('CodeMismatchException', () =>
      confirmSignUp({ username: anna.username, confirmationCode: wrong }),
    );
  });

  await step('confirm', async () => {
    await resendSignUpCode({ username: anna.username });
    const confirmed = await confirmSignUp({ username: anna.username, confirmationCode: CODE });
    assert.equal(confirmed.isSignUpComplete, true);
  });

  await step('a wrong password is refused', async () => {
    await refused('NotAuthorizedException', () => signIn({ ...anna, password: 'Wrong-Lantern-41' }));
  });

  await step('an unknown user looks like a wrong password', async () => {
    const unknown = { ...anna, username: `nobody-${unique}@example.com` };
    await refused('NotAuthorizedException', () => signIn(unknown));
  });

  await step('sign in with SRP', async () => {
    const { isSignedIn, nextStep } = await signIn(anna);
    assert.equal(isSignedIn, true, nextStep.signInStep);
    const user = await getCurrentUser();
    assert.equal(user.signInDetails.loginId, anna.username);
    assert.equal(user.signInDetails.authFlowType, 'USER_SRP_AUTH');
    assert.equal((await fetchUserAttributes()).email, anna.username);
  });

  await step('tokens name the user, the client and the pool', async () => {
    const { tokens, userSub } = await fetchAuthSession();
    const { accessToken, idToken } = tokens;
    assert.equal(accessToken.payload.token_use, 'access');
    assert.equal(accessToken.payload.client_id, CLIENT_ID);
    assert.equal(accessToken.payload.sub, userSub);
    assert.equal(idToken.payload.token_use, 'id');
    assert.equal(idToken.payload.aud, CLIENT_ID);
    assert.equal(idToken.payload.email, anna.username);
    assert.equal(idToken.payload.email_verified, true);
    assert.equal(idToken.payload.iss, accessToken.payload.iss);
    assert.ok(accessToken.payload.iss.endsWith(`/${POOL_ID}`));
  });

  await step('refresh', async () => {
    const before = (await fetchAuthSession()).tokens;
    const after = (await fetchAuthSession({ forceRefresh: true })).tokens;
    assert.notEqual(after.accessToken.toString(), before.accessToken.toString());
    assert.equal(after.accessToken.payload.sub, before.accessToken.payload.sub);
  });

  await step('create, read, list and change an own note', async () => {
    const created = await api(post, '/notes', { title: 'Buy lamp oil', tags: ['home'] });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    note = created.body;
    assert.equal(note.title, 'Buy lamp oil');

    const read = await api(get, `/notes/${note.id}`);
    assert.deepEqual([read.status, read.body], [200, note]);

    const list = await api(get, '/notes');
    assert.equal(list.status, 200);
    assert.deepEqual(list.body.items.map(({ id }) => id), [note.id]);

    const changed = await api(patch, `/notes/${note.id}`, { pinned: true });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    assert.equal(changed.body.pinned, true);
  });

  await step('change the password', async () => {
    const newPassword = 'Amber-Lantern-42';
    await updatePassword({ oldPassword: anna.password, newPassword });
    await signOut();
    await refused('NotAuthorizedException', () => signIn(anna));
    anna.password = newPassword;
    assert.equal((await signIn(anna)).isSignedIn, true);
  });

  await step('a new address is the user\'s when its code has come back', async () => {
    const email = `anna.new-${unique}@example.com`;
    const { email: output } = await updateUserAttributes({ userAttributes: { email } });
    assert.equal(output.nextStep.updateAttributeStep, 'CONFIRM_ATTRIBUTE_WITH_CODE');
    assert.equal((await fetchUserAttributes()).email, anna.username);
    await confirmUserAttribute({ userAttributeKey: 'email', confirmationCode: CODE });
    const attributes = await fetchUserAttributes();
    assert.deepEqual([attributes.email, attributes.email_verified], [email, 'true']);
    anna.username = email;
  });

  await step('sign out', async () => {
    const [own, other] = [await session(), await otherSession(anna)];
    await goesOn(own);
    await signOut();
    await hasEnded(own);
    await goesOn(other);
    await refused('UserUnAuthenticatedException', () => getCurrentUser());
    assert.equal((await fetchAuthSession()).tokens, undefined);
  });

  await step("another user does not see the note", async () => {
    await enroll(ben);
    assert.equal((await signIn(ben)).isSignedIn, true);
    assert.equal((await api(get, `/notes/${note.id}`)).status, 404);
    assert.equal((await api(patch, `/notes/${note.id}`, { title: 'Mine' })).status, 404);
    assert.equal((await api(del, `/notes/${note.id}`)).status, 404);
    const list = await api(get, '/notes');
    assert.deepEqual([list.status, list.body.items], [200, []]);
  });

  await step('sign out everywhere', async () => {
    const sessions = [await session(), await otherSession(ben)];
    for (const tokens of sessions) await goesOn(tokens);
    await signOut({ global: true });
    for (const tokens of sessions) await hasEnded(tokens);
    await refused('UserUnAuthenticatedException', () => getCurrentUser());
  });

  await step('reset a forgotten password', async () => {
    const { nextStep } = await resetPassword({ username: anna.username });
    assert.equal(nextStep.resetPasswordStep, 'CONFIRM_RESET_PASSWORD_WITH_CODE');
    anna.password = 'Violet-Lantern-43';
    await confirmResetPassword({
      username: anna.username,
      confirmationCode: CODE,
      newPassword: anna.password,
    });
    assert.equal((await signIn(anna)).isSignedIn, true);
    assert.equal((await api(get, `/notes/${note.id}`)).body.pinned, true);
    assert.equal((await api(del, `/notes/${note.id}`)).status, 204);
    assert.equal((await api(get, `/notes/${note.id}`)).status, 404);
  });
} catch (error) {
  console.error(`FAILED  ${current}: ${error?.stack ?? error}`);
  process.exit(1);
}
// Amplify keeps timers that would hold the process.
process.exit(0);
