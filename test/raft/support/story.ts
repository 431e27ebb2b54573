// The verbs of raft's scenarios, and what they print.

import { bootNumber, logIndex, term as termOf } from '../../../src/base/index.ts';
import {
  describeEntry,
  describeMembership,
  describeMessage,
  describePosition,
} from '../../../src/raft/describe.ts';
import type {
  Entry,
  MembershipChange,
  Message,
  Notice,
  Output,
  Position,
  Receipt,
} from '../../../src/raft/index.ts';
import type { Directive, Handlers } from '../../support/datadriven.ts';
import type { Packet, TestNode, Tuning } from './cluster.ts';
import { command, elect, id, membershipOf, snapshotOf, TestCluster } from './cluster.ts';

class Story {
  readonly #lines: string[] = [];
  #showsMessages = false;
  readonly #tuning: Tuning = {};
  readonly #cluster: TestCluster;

  constructor() {
    this.#cluster = new TestCluster({
      tuning: this.#tuning,
      watcher: {
        delivered: (packet) => {
          if (this.#showsMessages) this.#lines.push(describePacket(packet));
        },
        output: (node, output) => this.#note(node, output),
        applied: (node, entry) => this.#noteApplied(node, entry),
      },
    });
  }

  #note({ name }: TestNode, { notices, receipts, reads }: Output): void {
    for (const notice of notices) this.#lines.push(`${name} ${describeNotice(notice)}`);
    for (const receipt of receipts) this.#lines.push(`${name} ${describeReceipt(receipt)}`);
    for (const { index } of reads) {
      this.#lines.push(`${name} ${index === null ? 'cannot read' : `may read at ${index}`}`);
    }
  }

  #noteApplied({ name }: TestNode, entry: Entry): void {
    if (entry.payload.kind !== 'noop') this.#lines.push(`${name} applies ${describeEntry(entry)}`);
  }

  /** What was seen since the last directive. */
  #seen(): string {
    const lines = this.#lines.splice(0);
    return lines.length === 0 ? 'nothing' : lines.join('\n');
  }

  #first(directive: Directive): TestNode {
    return this.#cluster.node(directive.words[0] ?? '');
  }

  #change(directive: Directive, change: MembershipChange): string {
    this.#cluster.change(this.#first(directive), change);
    return this.#seen();
  }

  /** Handlers that act on the first word's node and then show what was seen. */
  #on(act: (node: TestNode, directive: Directive) => void): (directive: Directive) => string {
    return (directive) => {
      act(this.#first(directive), directive);
      return this.#seen();
    };
  }

  handlers(): Handlers {
    return {
      ...this.#setting(),
      ...this.#world(),
      ...this.#inputs(),
      ...this.#byHand(),
      ...this.#changes(),
      ...this.#views(),
    };
  }

  #setting(): Handlers {
    const cluster = this.#cluster;
    return {
      // nodes 1 2 3 [learners=4,5] [fresh=6]: fresh ones hold nothing and know nobody.
      nodes: ({ words, args }) => {
        const learners = list(args.get('learners'));
        const base = snapshotOf(membershipOf(words, learners));
        for (const name of [...words, ...learners]) cluster.addNode(name, base);
        for (const name of list(args.get('fresh'))) cluster.addNode(name);
        return this.#seen();
      },
      // node 1 voters=1,2,3 terms=1,1,4 term=6: a node whose log holds entries of these terms.
      node: ({ words, args }) => {
        const node = cluster.addNode(
          words[0] ?? '',
          snapshotOf(membershipOf(list(args.get('voters')))),
        );
        const terms = list(args.get('terms')).map(Number);
        node.disk.entries = terms.map((it, i) => command(i + 1, it, `${i + 1}@${it}`));
        node.disk.hardState = { term: termOf(Number(args.get('term'))), votedFor: null };
        cluster.start(node);
        return this.#seen();
      },
      // limit appendEntriesMax=1: for nodes that start later.
      limit: ({ args }) => {
        const most = args.get('appendEntriesMax');
        if (most !== undefined) this.#tuning.appendEntriesMax = Number(most);
        return this.#seen();
      },
      // messages on|off: show what is delivered.
      messages: ({ words }) => {
        this.#showsMessages = words[0] === 'on';
        return this.#seen();
      },
      // suspect 2 at=5@3: this node's disk once held more than it can show.
      suspect: ({ words, args }) => {
        const node = cluster.node(words[0] ?? '');
        node.disk.suspect = position(args.get('at') ?? '');
        const held = Number(args.get('held') ?? node.disk.entries.length);
        node.disk.entries = node.disk.entries.slice(0, held);
        return this.#seen();
      },
    };
  }

  #world(): Handlers {
    const cluster = this.#cluster;
    return {
      // deliver [1->2] [kind=voteReply]: what is under way, once; its consequences wait.
      deliver: (directive) => {
        for (const packet of this.#pick(directive)) cluster.deliver(packet);
        return this.#seen();
      },
      // lose [1->2] [kind=voteReply]: what is under way never arrives.
      lose: (directive) => {
        for (const packet of this.#pick(directive)) cluster.lose(packet);
        return this.#seen();
      },
      // stabilize: deliver until nothing is under way.
      stabilize: () => {
        cluster.stabilize();
        return this.#seen();
      },
      // run times=10: tick everybody, delivering in between.
      run: ({ args }) => {
        cluster.run(Number(args.get('times')));
        return this.#seen();
      },
      // drop 1->3: this link carries nothing from now on.
      drop: ({ words }) => {
        for (const word of words) cluster.cuts.add(word);
        return this.#seen();
      },
      // isolate 1: no link from or to it carries anything.
      isolate: this.#on(({ name }) => cluster.isolate(name)),
      // heal: every link carries again.
      heal: () => {
        cluster.heal();
        return this.#seen();
      },
      // crash 2: what is not on its disk is gone.
      crash: this.#on((node) => cluster.crash(node)),
      // restart 2
      restart: this.#on((node) => cluster.start(node)),
      // hold 1: its saves end only when told.
      hold: this.#on((node) => {
        node.isHeld = true;
      }),
      // persist 1: the save under way ends.
      persist: this.#on((node) => cluster.persist(node)),
      // release 1: saves end by themselves again.
      release: this.#on((node) => {
        node.isHeld = false;
        if (node.saving !== null) cluster.persist(node);
      }),
      // impatient 1: it steps messages while it saves, as no driver may.
      impatient: this.#on((node) => {
        node.isImpatient = true;
      }),
      // compact 1 [keep=2]: a snapshot at its applied index replaces its log.
      compact: this.#on((node, { args }) => cluster.compact(node, Number(args.get('keep') ?? 0))),
    };
  }

  #inputs(): Handlers {
    const cluster = this.#cluster;
    return {
      // tick 1 [times=5]
      tick: this.#on((node, { args }) => cluster.tick(node, Number(args.get('times') ?? 1))),
      // campaign 1: tick it until it asks for votes.
      campaign: this.#on((node) => cluster.campaign(node)),
      // elect 1: campaign, and let everybody answer.
      elect: this.#on(({ name }) => void elect(cluster, Number(name))),
      // propose 1 x y: two commands, in one go.
      propose: this.#on((node, { words, args }) => {
        const only = args.get('onlyInTerm');
        const text = words.slice(1);
        for (const word of text)
          cluster.propose(node, word, only === undefined ? null : termOf(Number(only)));
      }),
      // read 2
      read: this.#on((node) => cluster.step(node, { kind: 'read', ref: 0 })),
      // link-closed 2 1: node 2 sees its link with 1 close.
      'link-closed': this.#on((node, { words }) =>
        cluster.step(node, { kind: 'linkClosed', peer: id(words[1] ?? '') }),
      ),
      // transfer 1 [to=2]
      transfer: this.#on((node, { args }) => {
        const to = args.get('to');
        cluster.step(node, { kind: 'transfer', ref: 0, to: to === undefined ? null : id(to) });
      }),
    };
  }

  #byHand(): Handlers {
    return {
      // receive 3 from=1 term=2 previous=1@1 entries=2@1,3@2 [commit=1]: an append made by hand.
      receive: this.#on((node, { args }) => {
        const entries = list(args.get('entries')).map((text) => {
          const { index, term } = position(text);
          return command(index, term, text);
        });
        const message: Message = {
          kind: 'appendRequest',
          term: termOf(Number(args.get('term'))),
          previous: position(args.get('previous') ?? ''),
          commit: logIndex(Number(args.get('commit') ?? 0)),
          entries,
        };
        const from = id(args.get('from') ?? '');
        this.#cluster.step(node, { kind: 'message', from, boot: bootNumber(1), message });
      }),
    };
  }

  #changes(): Handlers {
    const second = ({ words }: Directive) => id(words[1] ?? '');
    return {
      // add 1 4: ask node 1 to add node 4. The same for the others.
      add: (d) => this.#change(d, { kind: 'add', id: second(d), address: `host${second(d)}:1` }),
      promote: (d) => this.#change(d, { kind: 'promote', id: second(d) }),
      demote: (d) =>
        this.#change(d, { kind: 'demote', id: second(d), park: d.words[2] === 'park' }),
      remove: (d) => this.#change(d, { kind: 'remove', id: second(d) }),
      // replace 1 out=3 in=4 [keep=yes]
      replace: (d) =>
        this.#change(d, {
          kind: 'replace',
          out: id(d.args.get('out') ?? ''),
          in: id(d.args.get('in') ?? ''),
          keep: d.args.get('keep') === 'yes',
        }),
    };
  }

  #views(): Handlers {
    const some = ({ words }: Directive) => {
      const all = [...this.#cluster.nodes.values()];
      return words.length === 0 ? all : all.filter(({ name }) => words.includes(name));
    };
    return {
      // state [1 2]: what each node believes.
      state: (d) =>
        some(d)
          .map((node) => node.raft?.describe() ?? `${node.name} crashed`)
          .join('\n'),
      // under-way: what is sent and not delivered.
      'under-way': () => this.#cluster.packets.map(describePacket).join('\n') || 'nothing',
      // log [1 2]: what each node's disk holds.
      log: (d) => some(d).map(describeDisk).join('\n'),
    };
  }

  #pick({ words, args }: Directive): Packet[] {
    const kind = args.get('kind');
    const isMeant = (packet: Packet) =>
      (words.length === 0 || words.includes(`${packet.from}->${packet.to}`)) &&
      (kind === undefined || packet.message.kind === kind);
    const picked = this.#cluster.packets.filter(isMeant);
    this.#cluster.packets = this.#cluster.packets.filter((packet) => !isMeant(packet));
    return picked;
  }
}

const list = (text: string | undefined): string[] =>
  text === undefined || text === '' ? [] : text.split(',');

function position(text: string): Position {
  const [index, term] = text.split('@').map(Number);
  return { index: logIndex(index ?? 0), term: termOf(term ?? 0) };
}

const describePacket = ({ from, to, message }: Packet): string =>
  `${from}->${to} ${describeMessage(message)}`;

function describeDisk({ name, disk }: TestNode): string {
  const entries = disk.entries.map(describeEntry).join(', ');
  const base = disk.snapshot.index > 0 ? `snapshot ${describePosition(disk.snapshot)}, ` : '';
  return `${name}: ${base}${entries || 'no entry'}`;
}

function describeNotice(notice: Notice): string {
  switch (notice.kind) {
    case 'role': {
      const follows = notice.role === 'follower' ? ` of ${notice.leader ?? 'nobody'}` : '';
      return `is ${notice.role}${follows} in term ${notice.term}`;
    }
    case 'membership':
      return `has ${describeMembership(notice.membership)} at ${describePosition(notice.at)}`;
    case 'toldRemoved':
      return `is told by ${notice.by} that it was removed at ${describePosition(notice.membershipAt)}`;
    case 'givenUp': {
      const why = notice.neverHeld ? 'a quorum never held it' : 'no voter holds it';
      const after = describePosition(notice.after);
      return `gives up ${describePosition(notice.through)} after ${after}: ${why}`;
    }
    case 'aloneInDoubt':
      return `is alone and suspect at ${describePosition(notice.suspect)}`;
  }
}

function describeReceipt(receipt: Receipt): string {
  switch (receipt.kind) {
    case 'appended':
      return `appended ${receipt.first}@${receipt.term}`;
    case 'done':
      return 'done';
    case 'refused':
      return `refused ${receipt.reason}: ${receipt.detail}`;
  }
}

/** A new cluster for one scenario file. */
export const beginStory = (): Handlers => new Story().handlers();
