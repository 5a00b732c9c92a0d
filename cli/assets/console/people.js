// Signing up, confirming, signing in and out, and what the tokens say.
import { byId, element, table } from './dom.js';
import * as session from './session.js';
import { UserPool } from './user-pool.js';

const say = (text) => (byId('who').textContent = text);

/** Runs one step; what goes wrong is said aloud. */
async function attempt(form, step) {
  byId('people-error').textContent = '';
  const buttons = form.querySelectorAll('button');
  for (const button of buttons) button.disabled = true;
  try {
    await step();
  } catch (error) {
    byId('people-error').textContent = error.message;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

const inputs = (form) => Object.fromEntries(new FormData(form));

function shown(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function claimsTable(name, token) {
  const rows = Object.entries(session.claims(token)).map(([claim, value]) => {
    const isTime = ['exp', 'iat', 'auth_time'].includes(claim);
    return [claim, isTime ? `${value} (${new Date(value * 1000).toISOString()})` : shown(value)];
  });
  return table(`Claims of the ${name} token`, ['Claim', 'Value'], rows);
}

/** Shows who has signed in. */
function show() {
  const who = session.current();
  byId('sign-out').hidden = !who;
  byId('claims-none').hidden = Boolean(who);
  const tables = who ? [claimsTable('access', who.access), claimsTable('ID', who.id)] : [];
  byId('claims-tables').replaceChildren(...tables);
  say(who ? `${who.email} has signed in.` : 'Nobody has signed in.');
}

/** Gives the forms their work. `changed` is called when somebody else calls from now on. */
export function people(backend, changed) {
  const pool = new UserPool(backend.userPool);
  const on = (id, step) =>
    byId(id).addEventListener('submit', (event) => {
      event.preventDefault();
      void attempt(event.target, () => step(inputs(event.target)));
    });

  on('sign-up', async ({ email, password }) => {
    const { UserConfirmed } = await pool.signUp(email, password);
    byId('sign-up').reset();
    byId('sign-in-email').value = email;
    if (UserConfirmed) {
      say(`${email} has signed up and may sign in.`);
      byId('sign-in-password').focus();
    } else {
      byId('confirm-email').value = email;
      say(`${email} has signed up. The code is printed in the terminal.`);
      byId('confirm-code').focus();
    }
  });
  on('confirm', async ({ email, code }) => {
    await pool.confirm(email, code.trim());
    byId('confirm').reset();
    byId('sign-in-email').value = email;
    say(`${email} is confirmed and may sign in.`);
    byId('sign-in-password').focus();
  });
  on('sign-in', async ({ email, password }) => {
    session.begin({ email, ...(await pool.signIn(email, password)) });
    byId('sign-in-password').value = '';
    show();
    changed();
    byId('claims-heading').focus();
  });
  byId('resend').addEventListener('click', (event) => {
    const form = event.target.form;
    void attempt(form, async () => {
      const { email } = inputs(form);
      await pool.resend(email);
      say(`Another code for ${email} is printed in the terminal.`);
      byId('confirm-code').focus();
    });
  });
  byId('sign-out').addEventListener('click', (event) => {
    void attempt(event.target.form, async () => {
      const { refresh } = session.current();
      session.end();
      show();
      changed();
      byId('sign-in-email').focus();
      await pool.signOut(refresh);
    });
  });
  show();
}
