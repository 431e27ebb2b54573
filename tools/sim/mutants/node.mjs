// Bugs in what stands around consensus: forwarding, reads, snapshots, apply.
export const node = [
  {
    id: 'forward-twice',
    bug: 'a forward that arrives twice is appended twice',
    source: 'consensus rule: forwarding; etcd#14890; row 48',
    file: 'src/node/writes.js',
    edits: [
      [
        "if (seen === 'repeat')\n                continue;\n            if (seen !== 'new') {",
        "if (seen !== 'new' && seen !== 'repeat') {",
      ],
    ],
  },
  {
    id: 'forward-any-term',
    bug: 'a later leader appends what was handed to an earlier one',
    source: 'consensus rule: forwarding',
    file: 'src/node/writes.js',
    edits: [
      [
        'return meantFor < term || meantFor <= this.#parts.bootTerm || !isMember(membership, from);',
        'return !isMember(membership, from);',
      ],
      ['commands, time, onlyInTerm });', 'commands, time, onlyInTerm: null });'],
    ],
  },
  {
    id: 'retry-unknown',
    bug: 'a write of unknown outcome is handed on again',
    source: 'etcd#18424; row 48',
    file: 'src/node/proposals.js',
    edits: [
      [
        'this.#fail((pending) => pending.sentIn !== null, () => error);',
        'this.#requeue((pending) => pending.sentIn !== null);',
      ],
    ],
  },
  {
    id: 'late-is-not-done',
    bug: 'a write that waited too long is told as not done',
    source: 'consensus rule: outcomes',
    file: 'src/node/proposals.js',
    edits: [
      [
        'pending.waiter.failed(errorFor(pending.sentIn !== null));\n        }\n        let gone',
        'pending.waiter.failed(errorFor(false));\n        }\n        let gone',
      ],
    ],
  },
  {
    id: 'read-unapplied',
    bug: 'a read is answered from a tree that has not applied its index yet',
    source: 'dissertation 6.4, step 4',
    file: 'src/node/reads.js',
    edits: [
      [
        'while ((this.#granted[done]?.index ?? Infinity) <= index)',
        'while (this.#granted[done] !== undefined)',
      ],
    ],
  },
  {
    id: 'read-local',
    bug: 'a read without a revision is answered by the node alone',
    source: 'Jepsen etcd 2014: stale reads',
    file: 'src/server/pending.js',
    edits: [
      [
        'guest.node.read(new Pending(answerer, request));',
        'new Pending(answerer, request).ready(guest.node.view());',
      ],
    ],
  },
  {
    id: 'apply-by-chance',
    bug: 'apply does not do the same everywhere',
    source: 'etcd#18667; etcd#13766; rows 20 and 33',
    file: 'src/node/applier.js',
    edits: [
      [
        'const { state, reply, events } = apply(this.#state, change);',
        'const done = apply(this.#state, change);\n        const { reply, events } = done;\n        const state = Math.random() < 0.002 ? { ...done.state, files: this.#state.files } : done.state;',
      ],
    ],
  },
  {
    id: 'jump-is-forgotten',
    bug: 'a write whose entry a snapshot jumped over is taken for lost, and handed on again',
    source: 'consensus rule: outcomes; etcd#14890; row 48',
    file: 'src/node/turn.js',
    edits: [['writes.jumped();', '']],
  },
  {
    id: 'snapshot-of-older-state',
    bug: 'a snapshot is written of a state that is older than its index',
    source: 'etcd 3.5 postmortem; ZOOKEEPER-3127; rows 20 and 37',
    file: 'src/node/node.js',
    edits: [
      [
        'if (this.#snapshots.due)\n            this.#snapshots.write(state, this.#applier.meta());',
        'if (this.#snapshots.due)\n            this.#snapshots.write(this.before ?? state, this.#applier.meta());\n        this.before = state;',
      ],
    ],
  },
  {
    id: 'snapshots-overlap',
    bug: 'a second snapshot is begun while the first is being written',
    source: 'etcd#18055; row 35',
    file: 'src/node/snapshot-writer.js',
    edits: [
      ['return (!this.busy &&\n            !this.#stopped', 'return (!this.#stopped'],
      ['if (this.busy || (meta.index', 'if ((meta.index'],
    ],
  },
  {
    id: 'batch-of-any-boot',
    bug: 'a refusal of an earlier boot is taken for one of this boot, and what was appended is handed on again',
    source: 'consensus rule: a forward carries its boot',
    file: 'src/node/proposals.js',
    edits: [['this.#batch = boot * batchesPerBoot;', 'this.#batch = 0 * boot;']],
  },
  {
    id: 'read-numbers-of-any-boot',
    bug: 'an answer to a read of an earlier boot is taken for one of this boot',
    source: 'etcd#20418; row 17',
    file: 'src/raft/state.js',
    edits: [['const n = options.boot * readsPerBoot;', 'const n = 0;']],
    also: [
      {
        file: 'src/raft/reads.js',
        edits: [['if (m.index !== null && m.term !== raft.term)\n        return;', '']],
      },
    ],
  },
  {
    id: 'read-joins-asked-round',
    bug: 'a read is answered with a round that was asked for before it came',
    source: 'etcd#20418; row 17',
    file: 'src/node/reads.js',
    edits: [
      [
        'this.#waiting.push({ waiter, deadlineMs });',
        'const asked = [...this.#asked.values()].at(-1);\n        (asked ?? this.#waiting).push({ waiter, deadlineMs });',
      ],
    ],
  },
];
