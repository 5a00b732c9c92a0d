// The steps of a script, one line each.

/** The step that is under way, for who tells that it failed. */
export let current = 'start';

export async function step(name, run) {
  current = name;
  await run();
  console.log(`ok  ${name}`);
}
