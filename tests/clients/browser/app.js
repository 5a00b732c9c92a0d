// An app as Amplify's documentation writes one: the Authenticator, and calls to both APIs.
import '@aws-amplify/ui-react/styles.css';
import { Authenticator, Button } from '@aws-amplify/ui-react';
import { Amplify } from 'aws-amplify';
import { generateClient, post } from 'aws-amplify/api';
import { fetchAuthSession } from 'aws-amplify/auth';
import { createElement, useState } from 'react';
import { createRoot } from 'react-dom/client';

const config = await (await fetch('/config.json')).json();
Amplify.configure(config);
const client = generateClient();

async function write() {
  const { tokens } = await fetchAuthSession();
  const headers = { Authorization: `Bearer ${tokens.accessToken}` };
  const options = { headers, body: { title: 'Buy lamp oil' } };
  const { statusCode, body } = await post({ apiName: 'portcullis', path: '/notes', options }).response;
  return `REST ${statusCode} ${(await body.json()).title}`;
}

async function read() {
  const query = 'query List { listNotes { items { id title } } }';
  const { data } = await client.graphql({ query });
  return `GraphQL ${data.listNotes.items.map(({ title }) => title).join()}`;
}

function App({ signOut, user }) {
  const [said, say] = useState('');
  const button = (label, run) =>
    createElement(Button, { onClick: () => run().then(say, (error) => say(`failed: ${error.message ?? JSON.stringify(error)}`)) }, label);
  return createElement(
    'main',
    null,
    createElement('h1', null, `Hello ${user.signInDetails.loginId}`),
    button('Write', write),
    button('Read', read),
    createElement(Button, { onClick: signOut }, 'Sign out'),
    createElement('output', null, said),
  );
}

const app = createElement(Authenticator, null, (props) => createElement(App, props));
createRoot(document.getElementById('app')).render(app);
