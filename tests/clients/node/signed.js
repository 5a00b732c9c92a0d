// Requests that the signer of AWS's SDK for JavaScript has signed (`@smithy/signature-v4`) against a running local system: paths and
// queries of every kind, in headers and in presigned URLs. Ends with 1 at the first that is not taken as it was signed.
import assert from 'node:assert/strict';
import { request as send } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

const { API_URL, POOL_URL, POOL_ID, CLIENT_ID, IDENTITY_POOL_ID, CODE } = process.env;
const api = new URL(API_URL);
const unique = Date.now().toString(36);

async function cognito(target, body) {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  const answer = await fetch(POOL_URL, { method: 'POST', headers, body: JSON.stringify(body) });
  const told = await answer.json();
  assert.equal(answer.status, 200, `${target}: ${JSON.stringify(told)}`);
  return told;
}

/** Credentials of somebody who has signed in. */
async function credentials() {
  const Username = `nora-${unique}@example.com`;
  const Password = 'Blue-Lantern-41';
  const users = (operation, body) => cognito(`AWSCognitoIdentityProviderService.${operation}`, { ClientId: CLIENT_ID, ...body });
  await users('SignUp', { Username, Password, UserAttributes: [{ Name: 'email', Value: Username }] });
  await users('ConfirmSignUp', { Username, ConfirmationCode: CODE });
  const AuthParameters = { USERNAME: Username, PASSWORD: Password };
  const signedIn = await users('InitiateAuth', { AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters });
  const Logins = { [`cognito-idp.us-east-1.amazonaws.com/${POOL_ID}`]: signedIn.AuthenticationResult.IdToken };
  const { IdentityId } = await cognito('AWSCognitoIdentityService.GetId', { IdentityPoolId: IDENTITY_POOL_ID, Logins });
  const { Credentials } = await cognito('AWSCognitoIdentityService.GetCredentialsForIdentity', { IdentityId, Logins });
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretKey,
    sessionToken: Credentials.SessionToken,
  };
}

/** As RFC 3986 has it: `encodeURIComponent` leaves some characters. */
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);

function target({ path, query = {} }) {
  const pairs = Object.entries(query).flatMap(([name, values]) => [values].flat().map((value) => `${encode(name)}=${encode(value)}`));
  return pairs.length ? `${path}?${pairs.join('&')}` : path;
}

/** Sends the request to the letter: `fetch` would write some paths in another way. */
function call(signed) {
  return new Promise((done, failed) => {
    const { method, headers, body } = signed;
    const sent = send({ host: api.hostname, port: api.port, method, headers, path: target(signed) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (more) => (text += more));
      answer.on('end', () => done({ status: answer.statusCode, error: answer.headers['x-amzn-errortype'], body: text && JSON.parse(text) }));
    });
    sent.on('error', failed);
    sent.end(body);
  });
}

function request(method, path, { query, body } = {}) {
  const headers = { host: api.host, ...(body && { 'content-type': 'application/json' }) };
  return { method, protocol: 'http:', hostname: api.hostname, port: Number(api.port), path, query, headers, body: body && JSON.stringify(body) };
}

const IDS = ['plain', 'a b', 'ü✓', 'a+b', "it's (so)!*", '~x.y_z-', 'a&b=c;d,e@f:g', '"quoted" $1'];
// Of no record: the API answers that there is none, once the signature has been found good.
const OTHERS = ['a/b', 'a%2Fb', '100%', 'a\\b', 'a#b?c'];
// What the API does not take it says then as well.
const QUERIES = [
  [{ limit: '1' }, 200],
  [{ limit: ['1', '1'] }, 400],
  [{ limit: ['2', '1'], nextToken: '' }, 400],
  [{ limit: '' }, 400],
  [{ '': '' }, 400],
  [{ 'a b': 'c+d', a: 'ü✓ /?#[]@!$&\'()*+,;=', A: '%2F', _: '~' }, 400],
];

const signer = new SignatureV4({ credentials: await credentials(), region: 'us-east-1', service: 'execute-api', sha256: Sha256 });
let checked = 0;

/** Both forms of the request must be answered alike, and neither must be good for another one. */
async function both(method, path, options, check) {
  for (const sign of ['sign', 'presign']) {
    const signed = await signer[sign](request(method, path, options), sign === 'presign' ? { expiresIn: 60 } : {});
    const what = `${sign} ${method} ${target(request(method, path, options))}`;
    check(await call(signed), what);
    for (const changed of [{ path: `${path}x` }, { method: method === 'GET' ? 'HEAD' : 'PUT' }, { query: { ...signed.query, more: '' } }]) {
      const refused = await call({ ...signed, ...changed });
      assert.equal(refused.status, 403, what);
      assert.equal(refused.error, 'InvalidSignatureException', what);
    }
    checked += 1;
  }
}

try {
  for (const name of IDS) {
    const id = `${unique} ${name}`;
    let made;
    await both('POST', '/notices', { body: { id, text: 'Lamp oil · ✓' } }, (answer, what) => {
      // The second finds the record of the first.
      assert.equal(answer.status, made ? 409 : 201, `${what}: ${JSON.stringify(answer)}`);
      made ??= answer.body;
    });
    assert.equal(made.id, id);
    const path = `/notices/${encode(id)}`;
    await both('GET', path, {}, (answer, what) => assert.deepEqual(answer, { status: 200, error: undefined, body: made }, what));
    await both('PATCH', path, { body: { text: name } }, (answer, what) => assert.equal(answer.status, 200, `${what}: ${JSON.stringify(answer)}`));
    let gone = false;
    await both('DELETE', path, {}, (answer, what) => {
      assert.equal(answer.status, gone ? 404 : 204, `${what}: ${JSON.stringify(answer)}`);
      gone = true;
    });
  }
  for (const name of OTHERS) {
    await both('GET', `/notices/${encode(name)}`, {}, (answer, what) => {
      assert.deepEqual([answer.status, answer.error], [404, undefined], `${what}: ${JSON.stringify(answer)}`);
    });
  }
  for (const [query, status] of QUERIES) {
    await both('GET', '/notices', { query }, (answer, what) => {
      assert.deepEqual([answer.status, answer.error], [status, undefined], `${what}: ${JSON.stringify(answer)}`);
    });
  }
  console.log(`ok  ${checked} requests were taken as they were signed, and no others`);
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
