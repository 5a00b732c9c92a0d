// Who may do what: the same as `portcullis access`.
import { byId, element, table } from './dom.js';

const KINDS = {
  owner: ({ field }) => (field === 'owner' ? 'owner' : `owner in ${field}`),
  group: ({ group }) => `group ${group}`,
  groupIn: ({ field }) => `group in ${field}`,
  signedIn: () => 'signed in',
  guest: () => 'guest',
  authorized: () => 'let in by the Lambda authorizer',
  apiKey: () => 'API key',
  nobody: () => 'nobody',
};
const USUAL = { provider: ['userPools', 'apiKey', 'function', null], claim: ['sub::username', 'cognito:groups', undefined] };

function roleName(role) {
  const name = KINDS[role.kind]?.(role) ?? role.kind;
  const by = USUAL.claim.includes(role.claim) ? '' : ` by ${role.claim}`;
  const from = USUAL.provider.includes(role.provider) ? '' : ` (${role.provider})`;
  return `${name}${by}${from}`;
}

const callerName = ({ roles }) => roles.map(roleName).join(' + ');
const level = (value) => element('td', { class: value }, value);

function modelTable({ model, callers }) {
  const columns = ['create', 'get', 'list', 'update', 'delete', 'listen'].filter((name) =>
    callers.some(({ operations }) => name in operations),
  );
  const rows = callers.map((caller) => [callerName(caller), ...columns.map((name) => level(caller.operations[name]))]);
  return table(model, ['Caller', ...columns], rows);
}

function callTable({ type, field, callers }) {
  return table(`${type}.${field}`, ['Caller', 'call'], callers.map((caller) => [callerName(caller), level(callLevel(caller))]));
}

const callLevel = ({ call, read }) => call ?? read;

/** Shows the matrix. */
export async function matrix() {
  const status = byId('access-status');
  status.textContent = 'The matrix is being worked out.';
  const answer = await fetch('/console/access');
  const body = await answer.json();
  if (!answer.ok) {
    status.textContent = body.detail;
    return;
  }
  byId('access-tables').replaceChildren(...body.models.map(modelTable), ...body.customFields.map(callTable));
  status.textContent = body.rolesNotCombined
    ? `Too many roles to ask about callers in two of them at once: ${body.rolesNotCombined.join(', ')}.`
    : '';
}
