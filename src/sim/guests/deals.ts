import type { Asked, AskedCompare, AskedOperation, History, Hold, Told } from '../history.ts';
import type { Errand } from './errands.ts';

export type DealsParts = {
  readonly name: string;
  readonly history: History;
  /** A body that nobody else writes. */
  readonly body: (bulk: number) => string;
  /** The last revision that this guest saw of a path; 0: none. */
  readonly known: (path: string) => number;
};

const places = ['/hot/a', '/hot/b', '/hot/deep/c', '/new/x', '/eph/y'] as const;
const locks = ['/lock/a', '/lock/b'] as const;
/** Guests have numbers below this. */
const guestsMax = 16;

/** What one guest asks for beyond the verbs of 2011: each request with a mark that no other one has. */
export class Deals {
  readonly #parts: DealsParts;
  /** Its own number. */
  readonly #i: number;
  #n = 0;
  /** Its lease, as far as it knows; 0: none. */
  #lease = 0;
  #hold: Hold | null = null;

  constructor(parts: DealsParts) {
    this.#parts = parts;
    this.#i = Number(parts.name.slice(1)) % guestsMax;
  }

  request({ verb, choice, bulk }: Errand): Asked | null {
    switch (verb) {
      case 'sequence': {
        const prefix = ['/seq/a-', '/seq/b/'][choice % 2] as string;
        const lease = choice % 4 === 0 ? this.#lease : 0;
        return { kind: 'create', prefix, body: this.#body(bulk), lease };
      }
      case 'count': {
        const path = ['/n/a', '/n/b'][choice % 2] as string;
        const delta = this.#mark() * (choice % 3 === 0 ? -1 : 1);
        return { kind: 'count', path, delta, guard: choice % 7 === 0 ? 0 : -1 };
      }
      case 'transact':
        return this.#transaction(choice);
      case 'grant':
        return this.#grant(choice);
      case 'revoke':
        return this.#lease === 0 ? this.#grant(choice) : { kind: 'revoke', lease: this.#lease };
      case 'renew':
        if (this.#lease === 0) return this.#grant(choice);
        return { kind: 'renew', lease: this.#lease, isQuestion: choice % 4 === 0 };
      case 'leased': {
        if (this.#lease === 0) return this.#grant(choice);
        const path = choice % 3 === 0 ? (places[choice % 4] as string) : `/eph/${this.#parts.name}`;
        return { kind: 'set', path, body: this.#body(bulk), guard: -1, lease: this.#lease };
      }
      case 'lock':
        return this.#lease === 0 ? this.#grant(choice) : this.#lock(choice);
      default:
        return null;
    }
  }

  /** It is about to ask: what it lets go it does not hold any more. */
  begins(asked: Asked): void {
    const hold = this.#hold;
    const isEnd = asked.kind === 'revoke' || (asked.kind === 'transact' && isUnlock(asked));
    if (hold === null || !isEnd) return;
    hold.releasedMs ??= this.#parts.history.nowMs;
    this.#hold = null;
  }

  ended(asked: Asked, told: Told): void {
    if (asked.kind === 'revoke') this.#lease = 0;
    if (told.kind === 'granted') this.#lease = told.lease;
    if (told.kind === 'left' && told.leftMs === null) this.#lease = 0;
    if (told.kind === 'refused' && told.code === 'ERR_NO_LEASE') this.#lease = 0;
    if (asked.kind === 'transact' && told.kind === 'decided') this.#locked(asked, told);
  }

  #locked(
    { ifTrue: [first] }: Extract<Asked, { kind: 'transact' }>,
    told: Extract<Told, { kind: 'decided' }>,
  ): void {
    const { history, name } = this.#parts;
    const [result] = told.results;
    if (first?.kind !== 'set' || !isLock(first.path) || !told.succeeded) return;
    const holder = history.holders.get(first.lease ?? 0);
    if (holder === undefined || result?.kind !== 'written') return;
    this.#hold = {
      guest: name,
      path: first.path,
      token: result.revision,
      holder,
      fromMs: history.nowMs,
      releasedMs: null,
    };
    history.holds.push(this.#hold);
  }

  /** A number that no other guest has. */
  #mark(): number {
    return 1 + this.#i + guestsMax * this.#n++;
  }

  #body(bulk: number): string {
    return this.#parts.body(bulk);
  }

  #grant(choice: number): Asked {
    // Even: the odd ones are those of locks.
    const lengthMs = 1000 + 2 * this.#mark();
    return { kind: 'grant', lengthMs, keep: choice % 4 > 0 };
  }

  #transact(
    compares: AskedCompare[],
    ifTrue: AskedOperation[],
    ifFalse: AskedOperation[],
  ): Extract<Asked, { kind: 'transact' }> {
    const mark = `/mark/${this.#mark()}`;
    const always: AskedCompare = { kind: 'exists', path: mark, exists: false };
    return { kind: 'transact', mark, compares: [always, ...compares], ifTrue, ifFalse };
  }

  /** Takes the lock, writes what only its holder may, or lets it go. */
  #lock(choice: number): Asked {
    const hold = this.#hold;
    if (hold !== null) {
      const { path, token: revision } = hold;
      const isHeld: AskedCompare = { kind: 'created', path, relation: 'equal', revision };
      const act: AskedOperation =
        choice % 3 === 0
          ? { kind: 'delete', path, guard: -1 }
          : { kind: 'set', path: '/fenced', body: this.#body(0), guard: -1 };
      return this.#transact([isHeld], [act], [{ kind: 'get', path }]);
    }
    const path = locks[choice % 2] as string;
    const isFree: AskedCompare = { kind: 'created', path, relation: 'equal', revision: 0 };
    const take: AskedOperation = {
      kind: 'set',
      path,
      body: this.#body(0),
      guard: -1,
      lease: this.#lease,
    };
    return this.#transact([isFree], [take], [{ kind: 'get', path }]);
  }

  #transaction(choice: number): Asked {
    const some = <T>(count: number, shift: number, of: (n: number) => T): T[] =>
      Array.from({ length: count }, (_, i) => of((choice >>> (shift + 3 * i)) ^ (i * 5)));
    return this.#transact(
      some(choice % 3, 2, (n) => this.#compare(n)),
      some(1 + ((choice >>> 4) % 4), 5, (n) => this.#operation(n)),
      some((choice >>> 6) % 3, 9, (n) => this.#operation(n)),
    );
  }

  #compare(n: number): AskedCompare {
    const path = places[n % places.length] as string;
    const relation = (['equal', 'unequal', 'less', 'greater'] as const)[(n >>> 3) % 4] ?? 'equal';
    const known = this.#parts.known(path);
    switch ((n >>> 5) % 5) {
      case 0:
        return { kind: 'exists', path, exists: n % 2 === 0 };
      case 1:
        return { kind: 'value', path, relation, body: this.#parts.name };
      case 2:
        return { kind: 'lease', path, lease: this.#lease, equal: n % 2 === 0 };
      case 3:
        return { kind: 'created', path, relation, revision: known };
      default:
        return { kind: 'changed', path, relation, revision: known };
    }
  }

  #operation(n: number): AskedOperation {
    const path = places[n % places.length] as string;
    const guard = n % 11 === 0 ? this.#parts.known(path) : -1;
    switch ((n >>> 3) % 6) {
      case 0:
      case 1: {
        const lease = n % 3 === 0 ? this.#lease : 0;
        return { kind: 'set', path, body: this.#body(0), guard, lease };
      }
      case 2:
        return { kind: 'delete', path, guard };
      case 3:
        return { kind: 'create', prefix: '/seq/t-', body: this.#body(0), lease: 0 };
      case 4:
        return { kind: 'count', path: '/n/t', delta: n % 100, guard: -1 };
      default:
        return { kind: 'get', path };
    }
  }
}

const isLock = (path: string): boolean => path.startsWith('/lock/');

const isUnlock = ({ ifTrue: [first] }: Extract<Asked, { kind: 'transact' }>): boolean =>
  first?.kind === 'delete' && isLock(first.path);
