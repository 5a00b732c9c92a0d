// Who has signed in in this tab. GraphiQL, in the same tab, finds the token here.
const KEY = 'portcullis-session';

/** The tokens and the e-mail address; null when nobody has signed in. */
export function current() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

export const begin = (session) => sessionStorage.setItem(KEY, JSON.stringify(session));
export const end = () => sessionStorage.removeItem(KEY);

/** The claims of a token. Nobody checks it here: that is for the API. */
export function claims(token) {
  const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(payload), (character) => character.codePointAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** The headers by which a caller shows who they are: `token`, `key` or `nobody`. */
export function credentials(caller, backend) {
  const session = current();
  if (caller === 'token' && session) return { Authorization: `Bearer ${session.access}` };
  if (caller === 'key') return { 'x-api-key': backend.graphql.apiKey };
  return {};
}
