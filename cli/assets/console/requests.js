// Calls to the REST API and to the GraphQL API.
import { answers } from './answer.js';
import { byId, element } from './dom.js';
import { explain } from './explanation.js';
import { credentials } from './session.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

function onSubmit(form, send, place) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      await send(Object.fromEntries(new FormData(form)));
    } catch (error) {
      place.fail(error.message);
    } finally {
      button.disabled = false;
    }
  });
}

function parsed(text, what) {
  if (!text.trim()) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The ${what} is not JSON: ${error.message}`);
  }
}

/** Gives the form for REST its work; returns its place for answers. */
export function rest(backend, start) {
  const paths = start.models.flatMap(({ path, key }) => [path, `${path}/${key.map((field) => `{${field}}`).join('/')}`]);
  byId('rest-paths').append(...[...paths, ...start.calls].map((value) => element('option', { value })));
  byId('rest-path').value = start.example?.path ?? paths[0];
  if (start.example) byId('rest-body').value = JSON.stringify(start.example.record, null, 2);

  const place = answers(byId('rest-answer'), 'Answer of the REST API');
  const send = async ({ caller, method, path, body }) => {
    const sends = method === 'POST' || method === 'PATCH';
    const content = sends ? parsed(body, 'body') : undefined;
    const headers = credentials(caller, backend);
    const url = new URL(path, location.origin);
    if (url.origin !== location.origin) throw new Error('The path leads to another place.');
    const explanations = await explain({ rest: { method, path: url.pathname, body: content } }, headers);
    const answer = await fetch(url, {
      method,
      headers: content === undefined ? headers : { ...JSON_TYPE, ...headers },
      body: content === undefined ? undefined : JSON.stringify(content),
    });
    place.show(answer, await answer.text(), explanations);
  };
  onSubmit(byId('rest-form'), send, place);
  return place;
}

/** Gives the form for GraphQL its work; returns its place for answers. */
export function graphql(backend, start) {
  byId('graphql-query').value = start.query ?? '';
  const place = answers(byId('graphql-answer'), 'Answer of the GraphQL API');
  const send = async ({ caller, query, variables }) => {
    const headers = credentials(caller, backend);
    const request = { query, variables: parsed(variables, 'list of variables') };
    const explanations = await explain({ graphql: request }, headers);
    const answer = await fetch('/graphql', {
      method: 'POST',
      headers: { ...JSON_TYPE, ...headers },
      body: JSON.stringify(request),
    });
    place.show(answer, await answer.text(), explanations);
  };
  onSubmit(byId('graphql-form'), send, place);
  return place;
}
