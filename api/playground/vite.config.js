import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

const ASSETS = 'playground';

/** Folders of the packages that the page and its workers contain. */
const packages = new Set();

const collectPackages = {
  name: 'collect-packages',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      for (const file of Object.keys(chunk.modules ?? {})) {
        const folder = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
        if (folder && existsSync(join(folder, 'package.json'))) packages.add(folder);
      }
    }
  },
};

/** The licences of those packages, which ask to travel with every copy. */
function licenses() {
  const sections = [...packages].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)(\.\w+)?$/i.test(file));
    return [`${name} ${version} (${license})`, ...texts.map((file) => readFileSync(join(folder, file), 'utf8').trim())];
  });
  return sections.map((section) => section.join('\n\n')).sort().join('\n\n----\n\n');
}

/** Adds the licences and leaves each asset only as `name.gz`: the server that embeds them compresses nothing. */
function finish() {
  let folder;
  return {
    name: 'finish',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir, ASSETS);
    },
    closeBundle() {
      writeFileSync(join(folder, 'licenses.txt'), licenses());
      for (const name of readdirSync(folder)) {
        const file = join(folder, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: constants.Z_BEST_COMPRESSION }));
        rmSync(file);
      }
    },
  };
}

export default defineConfig({
  plugins: [collectPackages, finish()],
  build: {
    assetsDir: ASSETS,
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rollupOptions: {
      onwarn(warning, report) {
        // React's "use client" means nothing outside a server framework.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') report(warning);
      },
    },
  },
  esbuild: { jsx: 'automatic', legalComments: 'none' },
  worker: { format: 'es', plugins: () => [collectPackages] },
  // `npm run dev` beside a running server.
  server: { proxy: { '/graphql': 'http://127.0.0.1:8000', '/playground/session': 'http://127.0.0.1:8000' } },
});
