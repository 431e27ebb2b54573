// Bugs in what is built of sessions, leases and watches: locks, signs of life by hand, words about progress.
export const recipes = [
  {
    id: 'progress-of-the-tree',
    bug: 'a node tells a watch how far the tree is, with events that are not the last of it',
    source: 'etcd#15220; etcd’s robustness tests: bookmarkable; row 29',
    file: 'src/server/watch-stream.js',
    edits: [
      [
        'this.#parts.to.events(events, last.revision);',
        'this.#parts.to.events(events, this.#parts.node.view().revision);',
      ],
    ],
  },
  {
    id: 'stream-repeats-last',
    bug: 'a watch that stood still is told the last event again, which the library hides',
    source: 'etcd’s robustness tests: unique',
    file: 'src/server/watch-stream.js',
    edits: [
      [
        'this.#give([event]);\n        this.#next = after(event);',
        'this.#give([event]);\n        this.#next = event.revision;',
      ],
      [
        "assert(event.revision >= this.#next, 'W2: a watch sees nothing twice and nothing older');\n        this.#next = event.revision;\n        if (this.#credits === 0 || !this.#parts.to.room()) {",
        'if (this.#credits === 0 || !this.#parts.to.room()) {',
      ],
    ],
  },
  {
    id: 'renew-only-asks',
    bug: 'a sign of life by hand is only the question how long the lease lasts',
    source: 'consensus rule: keep-alives',
    file: 'src/client/leases.js',
    edits: [['leases: [id], renew })', 'leases: [id], renew: false })']],
  },
  {
    id: 'renew-counted-from-answer',
    bug: 'a sign of life by hand is counted from its answer',
    source: 'etcd#9395; consensus rule: the client counts from its own send',
    file: 'src/client/leases.js',
    edits: [['return Math.max(0, sentAtMs + left - this.#clock.now());', 'return left;']],
  },
  {
    id: 'renewed-never-ends',
    bug: 'a lease that was kept alive when its end came up is never looked at again',
    source: 'consensus rule: a dead holder’s lease lasts at most one length more per leader change',
    // An end whose outcome is unknown is no such bug: in one term a leader loses nothing that it appended, so
    // that the end that was proposed comes, however late. Only 64 MiB on their way would have it refused.
    file: 'src/node/leases.js',
    edits: [
      [
        'else if (endMs > nowMs)\n                reign.queue.add(id, endMs);',
        'else if (endMs > nowMs)\n                continue;',
      ],
    ],
  },
  {
    id: 'age-without-stalls',
    bug: 'a node that stood still says that its state is as old as it has been awake since it heard of its leader',
    source: 'found here; etcd#15247: a leader that stood still goes on as if it had not',
    file: 'src/node/node.js',
    edits: [['this.#liveness.unheardMs(peer, nowMs)', 'this.#liveness.silentMs(peer, nowMs)']],
  },
  {
    id: 'age-of-a-leader-is-none',
    bug: 'a leader that is cut off says that its state is new, until it gives up',
    source: 'found here; consensus rule: local reads say their age',
    file: 'src/node/node.js',
    edits: [
      ['this.#reign() === null ? null : unheardMajorityMs(membership, this.id, unheardMs)', '0'],
    ],
  },
  {
    id: 'age-before-caught-up',
    bug: 'a node that was just started tells the age of its leader’s last sign of life as that of its state',
    source: 'found here; consensus rule: local reads say their age',
    file: 'src/node/node.js',
    edits: [['this.#ageOfFollower(leader, term, nowMs)', 'unheardMs(leader)']],
  },
  {
    id: 'rounds-wait-for-answers',
    bug: 'rounds of reads are looked at only when somebody acknowledges a later one, also after voters changed',
    source: 'found here, by run 52024670',
    file: 'src/raft/reads.js',
    edits: [['if (reads.rounds.length > 0)\n        finishRounds(raft, leader);', '']],
  },
  {
    id: 'age-of-silence-alone',
    bug: 'a node tells how long its leader was silent as the age of its state, though it lacks what the leader has',
    source: 'found here, by run 50001015; consensus rule: local reads say their age',
    file: 'src/node/node.js',
    edits: [['Math.max(silentMs, nowMs - freshAtMs)', 'silentMs']],
  },
  {
    id: 'lock-without-guard',
    bug: 'what the library gives the holder of a lock as a guard always holds',
    source: 'etcd#22082, #11457; Kleppmann 2016: fencing tokens',
    file: 'src/client/place.js',
    edits: [
      [
        "return when.created(this.path, '=', this.token);",
        "return when.created(this.path, '>', -1);",
      ],
    ],
  },
  {
    id: 'lock-next-is-first',
    bug: 'whoever waited for the place before it takes itself for the first when that is given up',
    source: 'ZooKeeper recipes, locks: step 4 goes back to step 2',
    file: 'src/client/place.js',
    edits: [
      [
        'await gone(this.#client, before, from, ended.signal);\n',
        'return await gone(this.#client, before, from, ended.signal);\n',
      ],
    ],
  },
];
