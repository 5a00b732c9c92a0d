// What `portcullis client-config` prints, read by Amplify's own code, and held against the types that Amplify publishes.
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Amplify } from 'aws-amplify';
import { parseAmplifyConfig } from 'aws-amplify/utils';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const { OUTPUTS, AMPLIFY_JS, SCHEMA_TYPES } = process.env;
const outputs = JSON.parse(OUTPUTS);

/** Where the text is not of the type; to have members that the type does not have is a mistake too. */
function mistakes(statement) {
  // Several of these run at once.
  const file = join(here, `${process.pid}.check.ts`);
  writeFileSync(file, statement);
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    types: [],
  });
  const found = ts.getPreEmitDiagnostics(program);
  rmSync(file);
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const ofSchema = (text) => mistakes(`import type { AWSAmplifyBackendOutputs } from '${SCHEMA_TYPES}';
export const outputs: AWSAmplifyBackendOutputs = ${text};\n`);
const ofLibrary = (text) => mistakes(`import type { ResourcesConfig } from 'aws-amplify';
export const config: ResourcesConfig = ${text};\n`);

assert.ok(existsSync(SCHEMA_TYPES.replace(/\.js$/, '.d.ts')), 'the types of the schema are not there');
assert.deepEqual(ofSchema(OUTPUTS), []);
assert.deepEqual(ofLibrary(AMPLIFY_JS), []);
// The check can fail.
assert.notDeepEqual(ofSchema(JSON.stringify({ ...outputs, nothing: 1 })), []);
assert.notDeepEqual(ofSchema(JSON.stringify({ ...outputs, auth: { ...outputs.auth, mfa_configuration: 'OFF' } })), []);
assert.notDeepEqual(ofLibrary('{ Auth: { Cognito: { userPoolId: 1 } } }'), []);

// Both say the same to the library, as far as the first can.
const parsed = parseAmplifyConfig(outputs);
const config = JSON.parse(AMPLIFY_JS);
const { userPoolEndpoint, identityPoolEndpoint, signUpVerificationMethod, ...cognito } = config.Auth.Cognito;
const withoutUndefined = (value) => JSON.parse(JSON.stringify(value));
const read = withoutUndefined(parsed.Auth.Cognito);
delete read.loginWith.phone;
delete read.loginWith.username;
if (cognito.loginWith.oauth) {
  const known = cognito.loginWith.oauth.providers.filter((provider) => typeof provider === 'string');
  cognito.loginWith.oauth.providers = known;
}
assert.deepEqual(read, cognito);
assert.deepEqual(withoutUndefined(parsed.API?.GraphQL ?? null), config.API.GraphQL ?? null);
assert.deepEqual(withoutUndefined(parsed.Storage ?? null), config.Storage ?? null);
const { endpoint, region } = outputs.custom.API.portcullis;
assert.deepEqual({ endpoint, region }, config.API.REST.portcullis);

for (const given of [outputs, config]) {
  Amplify.configure(given);
  assert.equal(Amplify.getConfig().Auth.Cognito.userPoolClientId, outputs.auth.user_pool_client_id);
}
console.log('ok');
process.exit(0);
