// An answer of the API, with what the rules said.
import { element, pretty } from './dom.js';
import { explanationElements, summary } from './explanation.js';

/** Makes the place for answers; returns what shows one, and what takes it away. */
export function answers(place, label) {
  const status = element('p', { role: 'status', class: 'verdict' });
  const body = element('div');
  return {
    show(answer, text, explanations) {
      const words = [`${answer.status} ${answer.statusText}`.trim(), summary(explanations)].filter(Boolean);
      status.textContent = `${label}: ${words.join(', ')}`;
      const content = text ? element('pre', { tabindex: 0, role: 'region', 'aria-label': `Body: ${label}` }, pretty(text)) : null;
      body.replaceChildren(...[content].filter(Boolean), ...explanationElements(explanations));
      place.replaceChildren(status, body);
    },
    clear() {
      place.replaceChildren();
    },
    fail(message) {
      status.textContent = message;
      body.replaceChildren();
      place.replaceChildren(status, body);
    },
  };
}
