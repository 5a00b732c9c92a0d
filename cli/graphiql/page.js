// GraphiQL on the local GraphQL API. The console, in the same tab, has left the token of whoever signed in there.
import 'graphiql/style.css';
import './page.css';
import { setNonce } from 'get-nonce';
import { GraphiQL } from 'graphiql';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

// What adds styles later shows the page's nonce.
setNonce(document.querySelector('script[nonce]').nonce);

async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return answer.json();
}

/** The token of whoever has signed in; otherwise the key that opens what is public. */
function headers(backend) {
  const session = JSON.parse(sessionStorage.getItem('portcullis-session'));
  return session ? { Authorization: `Bearer ${session.access}` } : { 'x-api-key': backend.graphql.apiKey };
}

/** Nothing is kept: the next page begins anew, perhaps as somebody else. */
function memory() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, String(value)),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
  };
}

/** Sends what the editor of headers holds. The schema is asked for before that is there. */
const fetcherFor = (own) => async (request, options) => {
  const asksForSchema = request.operationName === 'IntrospectionQuery';
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(options?.headers ?? (asksForSchema ? own : {})) },
    body: JSON.stringify(request),
  });
  return answer.json();
};

const [backend, start] = await Promise.all([read('/console/backend'), read('/console/start')]);
const own = headers(backend);
const editor = createElement(GraphiQL, {
  fetcher: fetcherFor(own),
  storage: memory(),
  defaultEditorToolsVisibility: 'headers',
  defaultQuery: start.query ?? '',
  defaultHeaders: JSON.stringify(own, null, 2),
});
createRoot(document.getElementById('graphiql')).render(editor);
