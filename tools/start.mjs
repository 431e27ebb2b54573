// `npm start`: a three-node cluster on this machine, to look at. Installs and builds first if needed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureBuilt } from './ensure.mjs';
import { top } from './files.mjs';

const folder = 'doozer-data';
const nodes = [
  { listen: '127.0.0.1:8046', web: '127.0.0.1:8000' },
  { listen: '127.0.0.1:8047', web: '127.0.0.1:8001' },
  { listen: '127.0.0.1:8048', web: '127.0.0.1:8002' },
];
const uri = `doozer:?${nodes.map(({ listen }) => `ca=${listen}`).join('&')}`;
const readyWithinMs = 20_000;
const stopWithinMs = 8_000;

const doozerd = join(top, 'bin', 'doozerd.js');
const doozer = join(top, 'bin', 'doozer.js');

await ensureBuilt();
process.exitCode = await runCluster();

/** Starts the nodes, stays until told to stop, and returns the exit code. */
async function runCluster() {
  const cluster = new Cluster();
  process.on('SIGINT', () => cluster.stop());
  process.on('SIGTERM', () => cluster.stop());
  try {
    await cluster.start();
  } catch (error) {
    if (!cluster.stopping) console.error(error.message);
    await cluster.stop();
    return cluster.stopping && error === cluster.interrupted ? 0 : 1;
  }
  await cluster.ended;
  return cluster.failed ? 1 : 0;
}

class Cluster {
  children = [];
  stopping = false;
  failed = false;
  interrupted = new Error('interrupted');
  #resolve;
  ended = new Promise((resolve) => {
    this.#resolve = resolve;
  });

  async start() {
    const isNew = !existsSync(join(top, folder));
    console.log(
      isNew ? `founding a cluster in ./${folder}` : `continuing the cluster in ./${folder}`,
    );
    for (const [i, node] of nodes.entries()) {
      this.#spawn(i, node);
      // One after the other, so that the slots are in the order of the addresses.
      if (isNew) await this.#answers(node.listen);
    }
    for (const { listen } of nodes) await this.#answers(listen);
    const { stdout } = await run(['-a', uri, 'find', '/ctl/cal']);
    const slots = stdout.split('\n').filter((line) => line.startsWith('/ctl/cal/'));
    if (slots.length === 1) for (const slot of ['1', '2']) await this.#fill(slot);
    this.#welcome();
  }

  /** Ends every node in order, then all that is left. */
  async stop() {
    if (this.stopping) return this.ended;
    this.stopping = true;
    const running = this.children.filter((child) => child.exitCode === null);
    if (running.length > 0) console.log('\nstopping');
    for (const child of running) child.kill('SIGTERM');
    const force = setTimeout(() => {
      for (const child of this.children) child.kill('SIGKILL');
    }, stopWithinMs);
    await Promise.all(this.children.map((child) => child.gone));
    clearTimeout(force);
    this.#resolve();
  }

  #spawn(i, { listen, web }) {
    const args = ['-l', listen, '-w', web, '-data', join(folder, String(i))];
    if (i > 0) args.push('-a', nodes[0].listen);
    // A group of its own: Ctrl-C reaches us, and we stop the nodes in order.
    const child = spawn(process.execPath, [doozerd, ...args], {
      cwd: top,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.children.push(child);
    const last = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      last.push(line);
      if (last.length > 5) last.shift();
    });
    child.gone = new Promise((resolve) => child.once('close', resolve));
    child.gone.then((status) => {
      if (this.stopping) return;
      this.failed = true;
      console.error(`the node at ${listen} ended with status ${status}:`);
      for (const line of last) console.error(`  ${line}`);
      this.stop();
    });
  }

  async #answers(listen) {
    const until = Date.now() + readyWithinMs;
    while (Date.now() < until) {
      if (this.stopping) throw this.interrupted;
      if ((await run(['-a', `doozer:?ca=${listen}`, 'rev'])).status === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the node at ${listen} did not answer within ${readyWithinMs / 1000} s`);
  }

  /** Makes a slot and waits until a node holds it. */
  async #fill(slot) {
    await run(['-a', uri, 'add', `/ctl/cal/${slot}`]);
    const until = Date.now() + readyWithinMs;
    while (Date.now() < until) {
      if (this.stopping) throw this.interrupted;
      if ((await run(['-a', uri, 'get', `/ctl/cal/${slot}`])).stdout !== '') return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`no node took slot ${slot} within ${readyWithinMs / 1000} s`);
  }

  #welcome() {
    console.log(`
Three nodes are up, all three vote, data in ./${folder}.

  clients  ${nodes.map(({ listen }) => listen).join('  ')}
  web      ${nodes.map(({ web }) => `http://${web}/`).join('  ')}

Try, in another terminal:

  export DOOZER_URI='${uri}'
  echo -n hello | node bin/doozer.js add /greeting
  node bin/doozer.js get /greeting
  node bin/doozer.js watch '/**'
  node bin/doozer.js find /ctl

The fire drill (firedrills/node-failure/drill.md): npm run drill -- node-failure
Ctrl-C stops all three. The next npm start goes on where this one ended; remove ./${folder} to begin anew.`);
  }
}

/** Runs `doozer ARGS` with an empty body. */
function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [doozer, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stdin.on('error', () => {});
    child.stdin.end();
    child.once('close', (status) => resolve({ status, stdout }));
  });
}
