// Elements made of text. Nothing here, or anywhere in the console, turns text into markup.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** An element with attributes, and children that are elements or text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(attribute, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A table with a caption: the names of the columns, and rows whose first cell names the row. */
export function table(caption, columns, rows) {
  const head = element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, column)));
  const body = rows.map(([first, ...cells]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, first),
      ...cells.map((cell) => (typeof cell === 'string' ? element('td', {}, cell) : cell)),
    ),
  );
  const made = element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, head),
    element('tbody', {}, ...body),
  );
  return scrolling(made, caption);
}

/** What may be wider or higher than its place can be scrolled by keyboard too. */
export function scrolling(content, label) {
  return element('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': label }, content);
}

/** JSON, or other text, as it is to be read. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
