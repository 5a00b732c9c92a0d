import { byId } from './dom.js';
import { matrix } from './matrix.js';
import { people } from './people.js';
import { graphql, rest } from './requests.js';

async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return answer.json();
}

try {
  const [backend, start] = await Promise.all([read('/console/backend'), read('/console/start')]);
  const places = [rest(backend, start), graphql(backend, start)];
  // What one person was answered is not for the next to see.
  people(backend, () => places.forEach((place) => place.clear()));
  await matrix();
} catch (error) {
  byId('people-error').textContent = `The console could not start: ${error.message}`;
}
