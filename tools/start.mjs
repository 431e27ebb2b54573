// `npm start`: a three-node cluster on this machine, to look at. Installs and builds first if needed.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './ensure.mjs';
import { top } from './files.mjs';

const folder = 'doozer-data';
const nodes = [
  { listen: '127.0.0.1:8046', web: '127.0.0.1:8000' },
  { listen: '127.0.0.1:8047', web: '127.0.0.1:8001' },
  { listen: '127.0.0.1:8048', web: '127.0.0.1:8002' },
];
const slots = ['0', '1', '2'];
const uri = `doozer:?${nodes.map(({ listen }) => `ca=${listen}`).join('&')}`;
const readyMsMax = 20_000;
const slotMsMax = 10_000;
const stopMsMax = 8_000;
const parentCheckMs = 250;

const doozerd = join(top, 'bin', 'doozerd.js');
const doozer = join(top, 'bin', 'doozer.js');
const tether = pathToFileURL(join(top, 'tools', 'tether.mjs')).href;

/** Ours alone: names and addresses meant for another cluster would lead astray; secrets hold here too. */
const env = { ...process.env };
for (const name of ['DOOZER_URI', 'DOOZER_BOOT_URI']) delete env[name];
const secret = env.DOOZER_RWSECRET ? `&sk=${encodeURIComponent(env.DOOZER_RWSECRET)}` : '';

/** Whoever is told to stop while it starts throws this. */
const interrupted = new Error('interrupted');

/** Starts the nodes, stays until told to stop, and returns the exit code. */
async function runCluster() {
  let claims;
  try {
    // Held while things are installed and built: a second `npm start` is told at once.
    claims = await claim(nodes.flatMap(({ listen, web }) => [listen, web]));
  } catch (error) {
    console.error(error.message);
    return 1;
  }
  await ensureBuilt();
  const cluster = new Cluster(claims);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => cluster.stop());
  whenOrphaned(() => cluster.stop());
  try {
    await cluster.start();
  } catch (error) {
    if (error !== interrupted) {
      console.error(error.message);
      cluster.failed = true;
    }
    await cluster.stop();
  }
  await cluster.ended;
  return cluster.failed ? 1 : 0;
}

/** Calls back when npm is gone without having told us. */
function whenOrphaned(then) {
  const { ppid } = process;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer);
    void then();
  }, parentCheckMs);
  timer.unref();
}

/** Takes the addresses; resolves with what gives each of them back. */
async function claim(addresses) {
  const claims = new Map();
  for (const address of addresses) {
    const [host, port] = address.split(':');
    const server = createServer((socket) => socket.destroy());
    server.unref();
    await new Promise((resolve, reject) => {
      server.once('listening', resolve).once('error', (error) => {
        const why = error.code === 'EADDRINUSE' ? 'the port is in use' : error.message;
        reject(new Error(`Cannot start a node at ${address}: ${why}`));
      });
      server.listen(Number(port), host);
    });
    claims.set(address, () => new Promise((resolve) => server.close(resolve)));
  }
  return claims;
}

class Cluster {
  stopping = false;
  failed = false;
  #claims;
  #running = new Set();
  #asking = new Set();
  #resolve;
  ended = new Promise((resolve) => {
    this.#resolve = resolve;
  });

  constructor(claims) {
    this.#claims = claims;
  }

  async start() {
    const isNew = !existsSync(join(top, folder, '0', 'node'));
    console.log(`${isNew ? 'founding a cluster' : 'going on with the cluster'} in ./${folder}`);
    mkdirSync(join(top, folder), { recursive: true });
    for (const [i, node] of nodes.entries()) {
      await this.#spawn(i, node);
      // One after the other, so that the slots are in the order of the addresses.
      if (isNew) await this.#answers(node.listen);
    }
    for (const { listen } of nodes) await this.#answers(listen);
    const { stdout } = await this.#ask('find', '/ctl/cal');
    const made = stdout.split('\n');
    for (const slot of slots) {
      if (!made.includes(`/ctl/cal/${slot}`)) await this.#fill(slot, isNew);
    }
    await this.#welcome();
  }

  /** Ends every node in order, then all that is left. */
  async stop() {
    if (this.stopping) return this.ended;
    this.stopping = true;
    if (this.#running.size > 0) console.log('\nstopping');
    for (const child of this.#running) child.kill('SIGTERM');
    for (const child of this.#asking) child.kill('SIGKILL');
    const force = setTimeout(() => {
      for (const child of this.#running) child.kill('SIGKILL');
    }, stopMsMax);
    await Promise.all([...this.#running].map((child) => child.gone));
    clearTimeout(force);
    this.#resolve();
  }

  async #spawn(i, { listen, web }) {
    const data = join(folder, String(i));
    const args = ['-l', listen, '-w', web, '-data', data];
    if (i > 0) args.push('-a', nodes[0].listen);
    for (const address of [listen, web]) await this.#claims.get(address)();
    if (this.stopping) throw interrupted;
    const log = join(top, `${data}.log`);
    const fd = openSync(log, 'a');
    const logged = fstatSync(fd).size;
    // A session of its own: Ctrl-C reaches us, and we stop the nodes in order.
    const child = spawn(process.execPath, ['--import', tether, doozerd, ...args], {
      cwd: top,
      env,
      detached: true,
      stdio: ['pipe', 'ignore', fd],
    });
    closeSync(fd);
    this.#running.add(child);
    child.gone = new Promise((resolve) => {
      child.once('close', (status, signal) => {
        this.#running.delete(child);
        resolve();
        if (this.stopping) return;
        console.error(`the node at ${listen} ended with ${signal ?? `status ${status}`}`);
        const said = readFileSync(log).subarray(logged).toString().trim().split('\n');
        for (const line of said.filter((each) => !each.startsWith('{'))) console.error(line);
        this.#lost(`node bin/doozerd.js ${args.join(' ')}`);
      });
    });
  }

  /** A cluster to play with goes on without a node, as clusters do. */
  #lost(command) {
    if (this.ready && this.#running.size > 0) {
      console.error(`start it again with:\n  ${command}`);
      return;
    }
    this.failed = true;
    void this.stop();
  }

  async #isHeld(slot) {
    return (await this.#ask('get', `/ctl/cal/${slot}`)).stdout !== '';
  }

  /** Runs `doozer ARGS` with an empty body; `-a` in them beats the cluster's own URI. */
  #ask(...args) {
    if (this.stopping) throw interrupted;
    const child = spawn(process.execPath, [doozer, '-a', uri + secret, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#asking.add(child);
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    return new Promise((resolve, reject) => {
      child.once('close', (status) => {
        this.#asking.delete(child);
        if (this.stopping) reject(interrupted);
        else resolve({ status, stdout });
      });
    });
  }

  /** Waits until `done` says so; tells whether it did in time. */
  async #until(msMax, done) {
    const until = Date.now() + msMax;
    while (Date.now() < until) {
      if (await done()) return true;
      if (this.stopping) throw interrupted;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  }

  async #answers(listen) {
    const rev = ['-a', `doozer:?ca=${listen}${secret}`, 'rev'];
    if (await this.#until(readyMsMax, async () => (await this.#ask(...rev)).status === 0)) return;
    throw new Error(`The node at ${listen} did not answer within ${readyMsMax / 1000} s`);
  }

  /** Makes a slot and waits until a node holds it. */
  async #fill(slot, isNew) {
    await this.#ask('add', `/ctl/cal/${slot}`);
    if (await this.#until(slotMsMax, () => this.#isHeld(slot))) return;
    if (isNew) throw new Error(`No node took slot ${slot} within ${slotMsMax / 1000} s`);
  }

  async #welcome() {
    let voters = 0;
    for (const slot of slots) if (await this.#isHeld(slot)) voters++;
    this.ready = true;
    console.log(`
Three nodes are up, ${voters === 3 ? 'all three' : voters} vote. Data and logs are in ./${folder}.

  clients  ${nodes.map(({ listen }) => listen).join('  ')}
  web      ${nodes.map(({ web }) => `http://${web}/`).join('  ')}

Try, in another terminal:

  export DOOZER_URI='${uri}${secret === '' ? '' : '&sk=SECRET'}'
  echo -n hello | node bin/doozer.js add /greeting
  node bin/doozer.js get /greeting
  node bin/doozer.js watch '/**'
  node bin/doozer.js find /ctl

The fire drill (firedrills/node-failure/drill.md): npm run drill -- node-failure
Ctrl-C stops all three. The next npm start goes on where this one ended; remove ./${folder} to begin anew.`);
  }
}

process.exitCode = await runCluster();
