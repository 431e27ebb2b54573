/**
 * A program that imports `doozer` and prints, as JSON, the addresses of all modules that were loaded for it,
 * whether by `import` or by `require`.
 */
export const listLoaded = `
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
const loaded = new Set();
const hooks = \`
  let port;
  export const initialize = (data) => { port = data.port; };
  export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };
\`;
register('data:text/javascript,' + encodeURIComponent(hooks), {
  parentURL: import.meta.url,
  data: { port: port2 },
  transferList: [port2],
});
// Messages come in order: when the last module was told of, so were all.
const last = new Promise((resolve) => {
  port1.on('message', (url) => {
    if (url.startsWith('data:text/javascript,export')) resolve();
    else loaded.add(url);
  });
});
await import('doozer');
for (const file of Object.keys(createRequire(import.meta.url).cache)) {
  loaded.add(pathToFileURL(file).href);
}
await import('data:text/javascript,export default 0');
await last;
port1.close();
console.log(JSON.stringify([...loaded]));
`;
