// What the rules say to a request: the same as `portcullis explain`.
import { element, table } from './dom.js';

const VERDICTS = { allowed: 'allowed', denied: 'denied', depends: 'depends on the record' };

/** Asks before the request is made: afterwards the record may be gone. Null when there is no explanation. */
export async function explain(request, headers) {
  const answer = await fetch('/console/explain', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(request),
  });
  return answer.ok ? (await answer.json()).explanations : null;
}

function rules(explanation) {
  const rows = explanation.rules.map(({ field, rule, text }) => [
    element('span', { class: 'rule' }, rule),
    field ?? 'the record',
    text,
  ]);
  return table('Rules', ['Rule', 'Guards', 'What it says'], rows);
}

function one(explanation) {
  const { decision, operation, model, customField, field, note, refused, withheld } = explanation;
  const said = [];
  if (decision) {
    const place = field ?? `${operation} ${model ?? customField}`;
    const verdict = element('span', { class: `verdict ${decision}` }, VERDICTS[decision] ?? decision);
    said.push(element('p', {}, 'The rules: ', verdict, `, ${place}`));
  } else {
    said.push(element('p', {}, field ? `${field}: ${note}` : `The rules: ${note}`));
  }
  if (decision && note) said.push(element('p', {}, note));
  if (explanation.rules?.length) said.push(rules(explanation));
  if (refused?.length) said.push(element('p', {}, `No rule grants this on: ${refused.join(', ')}`));
  if (withheld?.length) said.push(element('p', {}, `Withheld from this record: ${withheld.join(', ')}`));
  return element('div', {}, ...said);
}

/** The elements that show explanations. */
export function explanationElements(explanations) {
  if (!explanations) return [element('p', {}, 'No rule was asked: the credentials were refused before.')];
  return explanations.map(one);
}

/** The explanations in a few words, for whoever only listens. */
export function summary(explanations) {
  const verdicts = (explanations ?? []).filter(({ decision }) => decision);
  return verdicts.map(({ decision }) => VERDICTS[decision] ?? decision).join(', ');
}
