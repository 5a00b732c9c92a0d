// An OpenID Connect provider on this machine, in the place of a social one: whoever types a name is signed in as that person.
//
// It prints its issuer, and waits for a line: the address that people are sent back to. Then it is ready and prints so.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline/promises';

import Provider from 'oidc-provider';

// Whom it knows. The sub is what was typed.
const people = {
  ada: { email: 'ada@example.com', email_verified: true, name: 'Ada' },
  bea: { email: 'bea@example.com', email_verified: true, name: 'Bea' },
  // Somebody who has entered the address of somebody else.
  eve: { email: 'ada@example.com', email_verified: false, name: 'Eve' },
  mallory: { email: 'mallory@blocked.example', email_verified: true, name: 'Mallory' },
};

const server = createServer();
server.listen(0, '127.0.0.1', async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(`issuer ${issuer}`);
  const [redirectUri] = await lines();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: process.env.CLIENT_ID,
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { email: ['email', 'email_verified'], openid: ['sub'], profile: ['name'] },
    cookies: { keys: ['of a test'] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, ...people[sub] }) }),
  });
  server.on('request', provider.callback());
  console.log('ready');
});

// The first line of the standard input. When that ends, so does this process.
async function lines() {
  const input = createInterface({ input: process.stdin });
  input.on('close', () => process.exit(0));
  return [(await input[Symbol.asyncIterator]().next()).value];
}
