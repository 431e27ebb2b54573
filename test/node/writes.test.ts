// Forwards between one life of a node and the next, and a leader that stood still meanwhile.

import { expect, test } from 'vitest';
import { type BootNumber, bootNumber, limits, noTime, term, utf8 } from '../../src/base/index.ts';
import { Tallies } from '../../src/node/counts.ts';
import type { Outbox } from '../../src/node/outbox.ts';
import { Writes } from '../../src/node/writes.ts';
import type { NodeMessage } from '../../src/protocol/index.ts';
import type { Input, RaftView } from '../../src/raft/index.ts';
import { idOf, pathOf } from '../support/cluster.ts';

const leader = idOf('L');
const asker = idOf('X');
const inTerm = term(5);

type Forward = Extract<NodeMessage, { kind: 'forward' }>;
type Propose = Extract<Input, { kind: 'propose' }>;

class Desk {
  readonly boot: BootNumber;
  readonly sent: NodeMessage[] = [];
  readonly proposed: Propose[] = [];
  readonly told: string[] = [];
  readonly writes: Writes;

  constructor(id: typeof leader, boot: number) {
    this.boot = bootNumber(boot);
    this.writes = new Writes({
      id,
      boot: this.boot,
      bootTerm: term(1),
      outbox: {
        add: (_: unknown, message: NodeMessage) => this.sent.push(message),
      } as unknown as Outbox,
      requestTimeoutMs: 5000,
      clusterTime: () => noTime,
      now: () => 0,
      tallies: new Tallies(),
      isFull: () => false,
      step: (input) => {
        if (input.kind === 'propose') this.proposed.push(input);
      },
    });
  }

  gather(role: RaftView['role']): void {
    const addresses = new Map([leader, asker].map((id) => [id, 'x:1']));
    const view = { role, term: inTerm, leader, membership: { addresses } };
    this.writes.gather(() => view as unknown as RaftView, 0);
  }

  /** Asks for a write, and hands it on. */
  forward(text: string): Forward {
    this.writes.propose(
      { kind: 'set', path: pathOf('/x'), body: utf8(text), guard: -1 },
      { applied: () => this.told.push('applied'), failed: ({ code }) => this.told.push(code) },
      0,
    );
    this.gather('follower');
    const forward = this.sent.at(-1);
    if (forward?.kind !== 'forward') throw new Error('it was handed on');
    return forward;
  }
}

test('a refusal for one life of a node is not taken for one of what its next life asked', () => {
  const before = new Desk(asker, 1);
  const after = new Desk(asker, 2);
  const lead = new Desk(leader, 1);
  // The leader stood still while its peer died and came back: both forwards wait for the same turn.
  const lost = before.forward('too much');
  const forward = after.forward('a little');
  lead.writes.arrived(asker, before.boot, lost);
  lead.writes.arrived(asker, after.boot, forward);
  lead.gather('leader');
  const [first, second] = lead.proposed;
  if (first === undefined || second === undefined) throw new Error('both are proposed');
  const refused = { kind: 'refused', reason: 'overloaded', detail: '' } as const;
  lead.writes.receipt({ ref: first.ref, ...refused }, 0);
  lead.writes.receipt(
    { ref: second.ref, kind: 'appended', first: 7 as never, count: 1, term: inTerm },
    0,
  );
  const deliver = (messages: readonly NodeMessage[]): void => {
    for (const message of messages) {
      if (message.kind === 'forwardRefused') after.writes.refused(message.batch, message.reason, 0);
    }
  };
  deliver(lead.sent.splice(0));
  expect(after.told).toEqual([]);
  // Nor when it is sent once more.
  lead.writes.arrived(asker, after.boot, forward);
  lead.gather('leader');
  deliver(lead.sent.splice(0));
  expect(after.told).toEqual([]);
  expect(lead.proposed.length).toBe(2);
});

test('what is handed to a leader that stands still is bounded, and not sent again and again', () => {
  const before = new Desk(asker, 1);
  before.forward('x'.repeat(1000));
  let nowMs = 0;
  for (; nowMs < 4900; nowMs += 50) before.writes.expire(nowMs, inTerm);
  expect(before.sent.length).toBe(4);

  const lead = new Desk(leader, 1);
  const commands = [new Uint8Array(limits.appendBytesMax)];
  const most = limits.arrivedBytesMax / limits.appendBytesMax;
  const forwards = Array.from({ length: most + 10 }, (_, i) => i + 1);
  const hand = (batch: number): void => {
    lead.writes.arrived(asker, before.boot, { kind: 'forward', term: inTerm, batch, commands });
  };
  for (const batch of forwards) hand(batch);
  lead.gather('leader');
  expect(lead.proposed.length).toBe(most);
  // What was dropped was never seen: it is new when it comes again.
  for (const batch of forwards) hand(batch);
  lead.gather('leader');
  expect(lead.proposed.length).toBeLessThanOrEqual(forwards.length);
  hand(most + 10);
  lead.gather('leader');
  expect(lead.proposed.length).toBe(most + 1);
});
