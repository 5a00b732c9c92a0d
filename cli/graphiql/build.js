// Builds cli/assets/graphiql from the packages that package-lock.json names: `npm ci --ignore-scripts && node build.js [FOLDER]`.
// The same packages give the same bytes; a test builds them anew and compares.
import { readFileSync, existsSync, readdirSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(here, '../assets/graphiql');

/** Licences under which what is built may be passed on, with the words of each. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Python-2.0'];

/** Fonts are a third of the style and decoration: the browser's own do. */
const withoutFonts = {
  name: 'without-fonts',
  setup({ onLoad }) {
    onLoad({ filter: /graphiql\/dist\/style\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

const { metafile, outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: { graphiql: 'page.js' },
  outdir: output,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [withoutFonts],
  metafile: true,
  write: false,
  logLevel: 'warning',
});

/** The folder of the package that a file belongs to. */
function packageFolder(file) {
  const parts = file.split('node_modules/');
  const names = parts.pop().split('/');
  const name = names.slice(0, names[0].startsWith('@') ? 2 : 1).join('/');
  return join(...parts.map((part) => `${part}node_modules`), name);
}

const folders = new Set(Object.keys(metafile.inputs).filter((file) => file.includes('node_modules/')).map(packageFolder));
const packages = [...folders].map((folder) => {
  const { name, version, license, author, repository } = JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8'));
  if (!LICENCES.includes(license)) throw new Error(`${name} ${version} has the licence ${license}`);
  const files = readdirSync(join(here, folder)).filter((file) => /^(licen[cs]e|notice|copying)(\.|-|$)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(here, folder, file), 'utf8').replaceAll('\r', '').trim());
  const by = author?.name ?? author ?? repository?.url ?? repository;
  const text = texts.join('\n\n') || `The package names this licence and has no text of it; by ${by}.`;
  return { title: `${name} ${version} (${license})`, text };
});
packages.sort((one, other) => (one.title < other.title ? -1 : 1));

/** Packages that share a text stand together. */
const byText = new Map();
for (const { title, text } of packages) byText.set(text, [...(byText.get(text) ?? []), title]);
const notices = [...byText].map(([text, titles]) => `${titles.join('\n')}\n\n${text}\n`);
const licences = `graphiql.js and graphiql.css are made of these packages.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`;

if (!existsSync(output)) mkdirSync(output, { recursive: true });
for (const { path, contents } of outputFiles) writeFileSync(path, contents);
writeFileSync(join(output, 'licences.txt'), licences);
