// A stack in an emulator, as a page can reach it.
import { createServer, request as ask } from 'node:http';

const { API_FUNCTION, EMULATOR_URL } = process.env;

/**
 * What `portcullis client-config` has printed of the stack, with the emulator's addresses in place of those of AWS. The REST API is
 * reached through a proxy, for the emulator's gateway refuses a browser's preflights, where that of AWS hands them to the function.
 */
export async function reachable(printed) {
  const config = JSON.parse(printed);
  const { Auth, API } = config;
  Auth.Cognito.userPoolEndpoint = EMULATOR_URL;
  Auth.Cognito.identityPoolEndpoint = EMULATOR_URL;
  const emulated = new URL(API.GraphQL.endpoint);
  emulated.protocol = 'http:';
  emulated.host = `${emulated.hostname.replace('.amazonaws.com', '.localhost')}:${new URL(EMULATOR_URL).port}`;
  API.GraphQL.endpoint = emulated.href;
  API.REST.portcullis.endpoint = await proxy(new URL(API.REST.portcullis.endpoint).host);
  return JSON.stringify(config);
}

async function proxy(host) {
  const server = createServer((request, response) => {
    const done = request.method === 'OPTIONS' ? askFunction(request, response) : askGateway(request, response, host);
    done.catch((error) => response.writeHead(502).end(String(error)));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${server.address().port}`;
}

/** Asks the gateway just what the page asks. */
async function askGateway(request, response, host) {
  const { url: path, method, headers } = request;
  const answer = await new Promise((answered, failed) => {
    const asked = ask(EMULATOR_URL, { path, method, headers: { ...headers, host } }, answered).on('error', failed);
    request.pipe(asked);
  });
  response.writeHead(answer.statusCode, answer.headers);
  answer.pipe(response);
}

/** Hands the function the event that the gateway of AWS would make, without a body. */
async function askFunction({ url, method, headers }, response) {
  const [rawPath, rawQueryString = ''] = url.split('?');
  const http = { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: headers['user-agent'] };
  const routing = { requestId: '1', routeKey: '$default', stage: '$default', time: 'now', timeEpoch: 0 };
  const requestContext = { accountId: 'anonymous', apiId: 'api', domainName: 'api.example', domainPrefix: 'api', http, ...routing };
  const event = { version: '2.0', routeKey: '$default', rawPath, rawQueryString, headers, requestContext, isBase64Encoded: false };
  const invocations = `${EMULATOR_URL}/2015-03-31/functions/${API_FUNCTION}/invocations`;
  const invoked = await fetch(invocations, { method: 'POST', body: JSON.stringify(event) });
  const answer = await invoked.json();
  response.writeHead(answer.statusCode, answer.headers).end(answer.body);
}
