import { isVoter, sameBytes, utf8 } from '../base/index.ts';
import type { NodeHandle, NodeStatus } from '../node/index.ts';
import { nodeFile } from '../paths/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import { type Command, fileAt } from '../tree/index.ts';

export type PulseParts = {
  readonly node: NodeHandle;
  readonly clock: Clock;
  readonly pulseMs: number;
  readonly address: string;
  readonly hostname: string;
  readonly version: string;
};

type NamedBody = { readonly name: string; readonly body: Uint8Array };

/** How soon a new member shows itself, whatever the pulse. */
const firstLookMs = 100;
/** And how soon it notices that something of it is gone, or that it votes now. */
const laterLookMs = 1000;

/**
 * Publishes this node's own files under /ctl/node/ID: addr, hostname and version once it is a
 * member, `writable` while it votes, `applied` at each pulse while it votes, as doozerd did.
 */
export class Pulse {
  readonly #parts: PulseParts;
  #timer: Timer | null = null;
  #busy = false;
  #stopped = false;
  #pulseAtMs = 0;
  /** All that this node has to say is there, but for the next pulse. */
  #complete = false;
  /** What was missing at the last try. It may stay so: a guest's directory may be in the way. */
  #tried = '';

  constructor(parts: PulseParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#stopped) return;
    const { clock, pulseMs } = this.#parts;
    const lookMs = this.#complete ? laterLookMs : firstLookMs;
    this.#timer = clock.after(Math.min(lookMs, pulseMs), () => {
      this.#beat();
      this.start();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #beat(): void {
    const { node, clock, pulseMs } = this.#parts;
    const status = node.status();
    if (this.#busy || status.lineage === null || status.life !== 'ready') return;
    if (!status.raft.membership.addresses.has(status.id)) return;
    if (this.#retract(status)) return;
    const files = this.#missing(status);
    const nowMs = clock.now();
    const missing = files.map(({ name }) => name).join();
    this.#complete = missing === '';
    const isDue = nowMs >= this.#pulseAtMs;
    if (!isDue && missing === this.#tried) return;
    this.#tried = missing;
    if (isDue && isVoter(status.raft.membership, status.id)) {
      files.push({ name: 'applied', body: utf8(String(status.revision)) });
    }
    if (files.length === 0) return;
    this.#pulseAtMs = nowMs + pulseMs;
    this.#propose({ kind: 'publish', node: status.id, files });
  }

  /** A voter that became a spare again takes back what it said. False: there is nothing to take back. */
  #retract(status: NodeStatus): boolean {
    if (isVoter(status.raft.membership, status.id)) return false;
    const path = nodeFile(status.id, 'writable');
    if (fileAt(this.#parts.node.view(), path) === null) return false;
    this.#propose({ kind: 'delete', path, guard: -1 });
    return true;
  }

  /** Of the files that shall be there, those that are not, or say something else. */
  #missing(status: NodeStatus): NamedBody[] {
    const { address, hostname, version, node } = this.#parts;
    const wanted: NamedBody[] = [
      { name: 'addr', body: utf8(address) },
      { name: 'hostname', body: utf8(hostname) },
      { name: 'version', body: utf8(version) },
    ];
    if (isVoter(status.raft.membership, status.id)) {
      wanted.push({ name: 'writable', body: utf8('true') });
    }
    const view = node.view();
    return wanted.filter(({ name, body }) => {
      const file = fileAt(view, nodeFile(status.id, name));
      return file === null || !sameBytes(file.body, body);
    });
  }

  #propose(command: Command): void {
    this.#busy = true;
    this.#parts.node.propose(command, {
      applied: () => {
        this.#busy = false;
      },
      failed: () => {
        this.#busy = false;
        this.#tried = '';
      },
    });
  }
}
