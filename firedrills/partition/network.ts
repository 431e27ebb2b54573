import { readdirSync } from 'node:fs';
import { CannotRun } from '../support/cannot-run.ts';
import { isGone, needRoot, run } from '../support/root.ts';

const prefix = 'doozer-drill-';
const namespaceFolder = '/run/netns';
/** Nobody has this address: what is sent to it is lost, and the sender is not told. */
const nowhere = '02:00:00:00:ff:ff';
const port = 8046;

const ipOf = (place: number): string => `10.77.0.${place + 1}`;
const macOf = (place: number): string =>
  `02:00:00:00:00:${(place + 1).toString(16).padStart(2, '0')}`;
const hubIp = '10.77.0.254';
const hubMac = '02:00:00:00:00:fe';

/** Whether what `from` sends reaches `to`. */
export type Reach = (from: number, to: number) => boolean;

/**
 * A network of its own for each node, and one for the clients with a bridge between all. Nothing of it can be
 * seen from outside: no namespace but these has a link into it.
 */
export class Network {
  readonly name: string;
  readonly places: number;
  readonly hub: string;

  constructor(name: string, places: number) {
    this.name = name;
    this.places = places;
    this.hub = `${name}-hub`;
  }

  /** @throws CannotRun without root, iproute2, or a kernel that lets us. */
  static make(places: number): Network {
    needRoot('it makes network namespaces');
    try {
      run('ip', '-V');
    } catch {
      throw new CannotRun('needs "ip" of iproute2 (apt-get install iproute2)');
    }
    removeForgotten();
    const network = new Network(`${prefix}${process.pid}`, places);
    try {
      network.#build();
    } catch (error) {
      network.remove();
      const reason = error instanceof Error ? error.message : String(error);
      throw new CannotRun(`cannot make network namespaces: ${reason}`);
    }
    return network;
  }

  get addresses(): string[] {
    return Array.from({ length: this.places }, (_, place) => `${ipOf(place)}:${port}`);
  }

  /** What runs a command in the network of the node at `place`, or in the clients'. */
  via(place: number): string[] {
    return ['ip', 'netns', 'exec', this.#namespace(place)];
  }

  /** Loses what must not get through from now on, and lets through all else. Clients reach every node always. */
  set(reach: Reach): void {
    for (let from = 0; from < this.places; from++) {
      for (let to = 0; to < this.places; to++) {
        if (from !== to) this.#neighbour(from, to, reach(from, to) ? macOf(to) : nowhere);
      }
    }
  }

  /** Ends what still runs in them, which we started, and removes the namespaces with their links. */
  remove(): void {
    for (const name of namespaces().filter((one) => one.startsWith(`${this.name}-`))) {
      for (const pid of run('ip', 'netns', 'pids', name).split('\n')) {
        if (pid !== '') process.kill(Number(pid), 'SIGKILL');
      }
      run('ip', 'netns', 'delete', name);
    }
  }

  #namespace(place: number): string {
    return `${this.name}-n${place}`;
  }

  #build(): void {
    const { hub } = this;
    run('ip', 'netns', 'add', hub);
    run('ip', '-n', hub, 'link', 'set', 'lo', 'up');
    run('ip', '-n', hub, 'link', 'add', 'br0', 'address', hubMac, 'type', 'bridge');
    run('ip', '-n', hub, 'address', 'add', `${hubIp}/24`, 'dev', 'br0');
    run('ip', '-n', hub, 'link', 'set', 'br0', 'up');
    for (let place = 0; place < this.places; place++) {
      const own = this.#namespace(place);
      const wire = `v${place}`;
      run('ip', 'netns', 'add', own);
      run('ip', '-n', own, 'link', 'set', 'lo', 'up');
      const peer = ['peer', 'name', 'eth0', 'address', macOf(place), 'netns', own];
      run('ip', '-n', hub, 'link', 'add', wire, 'type', 'veth', ...peer);
      run('ip', '-n', hub, 'link', 'set', wire, 'master', 'br0', 'up');
      run('ip', '-n', own, 'address', 'add', `${ipOf(place)}/24`, 'dev', 'eth0');
      run('ip', '-n', own, 'link', 'set', 'eth0', 'up');
    }
    this.set(() => true);
  }

  /** All addresses are given by hand, so that one of them can be given wrongly: a cut in one direction. */
  #neighbour(from: number, to: number, mac: string): void {
    const words = ['replace', ipOf(to), 'lladdr', mac, 'nud', 'permanent', 'dev', 'eth0'];
    run('ip', '-n', this.#namespace(from), 'neighbour', ...words);
  }
}

function namespaces(): string[] {
  try {
    return readdirSync(namespaceFolder);
  } catch {
    return [];
  }
}

/** What a drill that was killed left behind. */
function removeForgotten(): void {
  const names = namespaces().filter((name) => name.startsWith(prefix));
  const pids = names.map((name) => Number(name.slice(prefix.length).split('-')[0]));
  for (const pid of new Set(pids)) {
    if (isGone(pid)) new Network(`${prefix}${pid}`, 0).remove();
  }
}
