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
    id: 'mark-while-behind',
    bug: 'a watch that stands still for want of credits is marked as if it had been told all',
    source: 'etcd’s robustness tests: bookmarkable; etcd#15220; row 29',
    file: 'src/server/watch-stream.js',
    edits: [['if (this.#live === null || newest - this.#told', 'if (newest - this.#told']],
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
    file: 'src/node/leases.js',
    edits: [
      [
        'else if (endMs > nowMs)\n                reign.queue.add(id, endMs);',
        'else if (endMs > nowMs)\n                continue;',
      ],
    ],
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
