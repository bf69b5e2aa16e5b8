// The page is built for a server at another origin (`PHR_URL`), or developed beside one: the development server hands what
// it is asked for at /graphql to `PHR_URL`, so that to the browser all is of one origin.
import { defineConfig } from 'vite';

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  define: { __SERVER__: JSON.stringify(command === 'build' ? (process.env.PHR_URL ?? '') : '') },
  build: { outDir: '../generated/app', emptyOutDir: true, reportCompressedSize: false },
  cacheDir: '../generated/vite',
  esbuild: { jsx: 'automatic' },
  server: {
    strictPort: true,
    proxy: { '/graphql': { target: process.env.PHR_URL ?? 'http://127.0.0.1:8000', ws: true } },
  },
}));
