// The second tree, which judges commands, against the first: random commands, the same answers and events.
import { expect, test } from 'vitest';
import {
  bootNumber,
  clusterTime,
  type LeaseId,
  logIndex,
  type Prng,
  prng,
  type SessionId,
  term,
  utf8,
} from '../../src/base/index.ts';
import { path } from '../../src/paths/index.ts';
import { Book } from '../../src/sim/checkers/naive/book.ts';
import { sameReply } from '../../src/sim/checkers/naive/same.ts';
import { sameEvents } from '../../src/sim/checkers/naive/tree.ts';
import {
  apply,
  type Command,
  type CommandEnvelope,
  type Compare,
  describeReply,
  emptyTree,
  type Operation,
  sessionsVersion,
  type TreeState,
  type Write,
} from '../../src/tree/index.ts';
import { id } from './checkers-support.ts';

const paths = ['/a', '/b', '/a/b', '/n', '/n/m', '/q', '/ctl/err', '/c'].map((text) => path(text));

/** Draws commands around what is there. */
class Dice {
  readonly #chance: Prng;
  readonly leases: number[] = [];

  constructor(chance: Prng) {
    this.#chance = chance;
  }

  below(n: number): number {
    return this.#chance.below(n);
  }

  among<T>(...values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  lease(): LeaseId {
    return (this.below(3) > 0 ? 0 : this.among(...this.leases, 999)) as LeaseId;
  }

  write(state: TreeState): Write {
    const at = this.among(...paths);
    const guard = this.among(-1, -1, -1, 0, state.revision - this.below(9), -2);
    switch (this.below(6)) {
      case 0:
      case 1:
        return {
          kind: 'set',
          path: at,
          body: utf8(`${this.below(5)}`),
          guard,
          lease: this.lease(),
        };
      case 2:
        return { kind: 'delete', path: at, guard };
      case 3: {
        const prefix = this.among('/q/', '/s-', '/a/b', 'bad');
        return { kind: 'create', prefix, body: utf8('s'), lease: this.lease() };
      }
      default: {
        const delta = this.among(1, -7, 0, 2 ** 53 - 1);
        return { kind: 'count', path: this.among(path('/n'), at), delta, guard };
      }
    }
  }

  operation(state: TreeState): Operation {
    return this.below(4) === 0 ? { kind: 'get', path: this.among(...paths) } : this.write(state);
  }

  compare(state: TreeState): Compare {
    const at = this.among(...paths);
    const relation = this.among('equal', 'unequal', 'less', 'greater');
    switch (this.below(5)) {
      case 0:
        return { kind: 'exists', path: at, exists: this.below(2) === 0 };
      case 1:
        return { kind: 'lease', path: at, lease: this.lease(), equal: this.below(2) === 0 };
      case 2:
        return { kind: 'value', path: at, relation, body: utf8(`${this.below(5)}`) };
      default: {
        const file = state.files.get(at);
        const revision = this.among<number>(0, file?.created ?? 0, file?.changed ?? 3);
        return { kind: this.among('created', 'changed'), path: at, relation, revision };
      }
    }
  }

  command(state: TreeState): Command {
    const operations = (): Operation[] =>
      Array.from({ length: this.below(4) }, () => this.operation(state));
    switch (this.below(8)) {
      case 0:
        return { kind: 'grant', lengthMs: this.among(500, 1000), window: this.among(0, 2, 3) };
      case 1:
        return { kind: 'revoke', lease: this.among(...this.leases, 999) as LeaseId };
      case 2: {
        const leases = [this.lease(), this.lease()];
        return { kind: 'expire', leases, term: term(this.among(1, 1, 2)) };
      }
      case 3:
      case 4: {
        const compares = Array.from({ length: this.below(3) }, () => this.compare(state));
        return { kind: 'transaction', compares, ifTrue: operations(), ifFalse: operations() };
      }
      default:
        return this.write(state);
    }
  }
}

test('it answers as the tree does, for 20,000 random commands', { timeout: 60_000 }, () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= 20; seed++) {
    const dice = new Dice(prng(seed));
    const book = new Book();
    let state: TreeState = { ...emptyTree(), behaviourVersion: sessionsVersion };
    for (let n = 0; n < 1000; n++) {
      if (state.leases.size > 6 && dice.leases.length > 6) dice.leases.shift();
      const session = dice.lease() as number as SessionId;
      const seq = 1 + dice.below(4);
      const envelope: CommandEnvelope = {
        origin: { node: id('A'), boot: bootNumber(1), n: 1 },
        session,
        seq: session === 0 ? 0 : seq,
        ackedBelow: session === 0 ? 0 : 1 + dice.below(3),
        command: dice.command(state),
      };
      const index = logIndex(state.appliedIndex + 1);
      const done = apply(state, {
        index,
        term: term(1),
        time: clusterTime(0),
        body: { kind: 'command', envelope },
      });
      state = done.state;
      const { reply, events } = done;
      if (reply === null) throw new TypeError('a command has a reply');
      if (reply.kind === 'granted') dice.leases.push(reply.lease);
      const expected = book.take({ index, term: 1 }, envelope, reply);
      const what = `${seed}.${n} ${JSON.stringify(envelope.command)}`;
      expect(describeReply(expected.reply), what).toBe(describeReply(reply));
      expect(sameReply(expected.reply, reply), what).toBe(true);
      expect(sameEvents(book.tree.events, events), what).toBe(true);
      expect(book.leases.size, what).toBe(state.leases.size);
      const key = `${expected.standing} ${reply.kind}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  for (const key of ['answered applied', 'lost refused', 'number refused', 'new decided']) {
    expect(seen.get(key), key).toBeGreaterThan(20);
  }
});
