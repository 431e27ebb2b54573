import { limits, type Prng } from '../base/index.ts';

/**
 * Where nodes may be found: the addresses the user gave, for ever; the members, as of the last time the
 * cluster named them; and those that the last node named when it greeted. A client that was given one
 * address outlives the node behind it that way.
 */
export class AddressBook {
  readonly #given: readonly string[];
  readonly #prng: Prng;
  #learnt: readonly string[] = [];
  /** A node greets with the members it knows of; one that is behind knows old ones. */
  #heard: readonly string[] = [];
  /** Where the leader was said to be; tried first, until it fails. */
  #preferred: string | null = null;
  /** When each address failed last, in failures counted from 1. Holds known addresses only. */
  readonly #failedAt = new Map<string, number>();
  #failures = 0;

  constructor(given: readonly string[], prng: Prng) {
    this.#given = [...new Set(given)];
    this.#prng = prng;
  }

  /** All addresses, the promising ones first: shuffled those that never failed, then by oldest failure. */
  inOrder(): string[] {
    const all = this.#shuffled([...new Set([...this.#given, ...this.#learnt, ...this.#heard])]);
    const failedAt = (address: string) => this.#failedAt.get(address) ?? 0;
    // Array sort is stable: what compares equal stays shuffled.
    all.sort((a, b) => failedAt(a) - failedAt(b));
    return this.#preferred === null ? all : [...new Set([this.#preferred, ...all])];
  }

  prefer(address: string): void {
    this.#preferred = address;
  }

  /**
   * The cluster named its members: what one node said before counts no more. An empty list, from a node
   * that knows of none, changes nothing.
   */
  learn(addresses: readonly string[]): void {
    if (addresses.length === 0) return;
    this.#learnt = atMost(limits.membersMax, addresses);
    this.#heard = [];
    this.#forgetFailures();
  }

  /** A node named the members it knows of. They are tried too, instead of those the last node named. */
  hear(addresses: readonly string[]): void {
    this.#heard = atMost(limits.membersMax, addresses);
    this.#forgetFailures();
  }

  /** Takes back what was learnt of `address`: another cluster answers there. */
  forget(address: string): void {
    this.#learnt = this.#learnt.filter((known) => known !== address);
    this.#heard = this.#heard.filter((known) => known !== address);
  }

  failed(address: string): void {
    if (this.#preferred === address) this.#preferred = null;
    if (!this.#knows(address)) return;
    this.#failedAt.set(address, ++this.#failures);
  }

  worked(address: string): void {
    if (this.#preferred === address) this.#preferred = null;
    this.#failedAt.delete(address);
  }

  #knows(address: string): boolean {
    return [this.#given, this.#learnt, this.#heard].some((list) => list.includes(address));
  }

  #forgetFailures(): void {
    for (const address of this.#failedAt.keys()) {
      if (!this.#knows(address)) this.#failedAt.delete(address);
    }
  }

  /** So that a thousand clients given one list do not all begin with its first address. */
  #shuffled(addresses: string[]): string[] {
    const left = [...addresses];
    const shuffled: string[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.#prng.below(left.length), 1));
    return shuffled;
  }
}

const atMost = (count: number, addresses: readonly string[]): string[] =>
  [...new Set(addresses)].slice(0, count);
