// Bugs in sessions, leases, transactions, sequence names and counters, in the tree, the node and the library.
export const sessions = [
  {
    id: 'keepalive-without-round',
    bug: 'a sign of life is answered without asking who still follows',
    source: 'consensus rule: keep-alives; etcd#15247',
    file: 'src/node/leases.js',
    edits: [
      [
        'this.#parts.read({\n            ready: () => {',
        'void ({ read: (waiter) => waiter.ready() }).read({\n            ready: () => {',
      ],
    ],
  },
  {
    id: 'expire-by-deposed',
    bug: 'the end of a lease is not void in a later term',
    source: 'consensus rule: expiry is void if that moved; etcd#15247',
    file: 'src/tree/apply.js',
    edits: [['if (change.term !== term) {', 'if (change.term < term) {']],
    also: [
      {
        file: 'src/node/leases.js',
        edits: [
          [
            '        const reign = this.#current();\n        if (reign === null)\n            return;\n        const nowMs',
            '        const reign = this.#reign;\n        if (reign === null)\n            return;\n        const nowMs',
          ],
        ],
      },
    ],
  },
  {
    id: 'expiry-keeps-answering',
    bug: 'a sign of life is answered after the end of its lease was proposed',
    source: 'consensus rule: keep-alives; etcd#9395',
    file: 'src/node/leases.js',
    edits: [[' || reign.ending.has(id))', ')']],
  },
  {
    id: 'new-leader-keeps-old-ends',
    bug: 'a new leader does not grant leases their whole length',
    source: 'etcd#9395; consensus rule: a new leader grants every lease one full length',
    file: 'src/node/leases.js',
    edits: [['this.#begin(reign, id, nowMs + lengthMs);', 'this.#begin(reign, id, nowMs);']],
  },
  {
    id: 'renewal-is-not-kept',
    bug: 'a sign of life is answered, and the lease ends as if there had been none',
    source: 'etcd#9395',
    file: 'src/node/leases.js',
    edits: [['reign.ends.set(id, renewedMs);', '']],
  },
  {
    id: 'session-forgets-on-snapshot',
    bug: 'a snapshot holds sessions without their answers',
    source: 'etcd#14890; consensus rule: sessions and state change together',
    file: 'src/tree/leases-reader.js',
    edits: [
      [
        'for (const { lease, files } of this.#read.values()) {',
        'for (const { lease: whole, files } of this.#read.values()) {\n            const { session } = whole;\n            const lease = session === null ? whole : { ...whole, session: { ...session, replies: [], replyBytes: 0 } };',
      ],
    ],
  },
  {
    id: 'reply-not-remembered',
    bug: 'a session does not keep the answer of a refused request',
    source: 'etcd#18424; Raft 8',
    file: 'src/tree/apply.js',
    edits: [
      [
        "const reply = { kind: 'refused', code, detail, revision: draft.revision };\n    remember(draft, envelope, reply);",
        "const reply = { kind: 'refused', code, detail, revision: draft.revision };",
      ],
    ],
  },
  {
    id: 'acked-request-runs',
    bug: 'a request runs whose answer was acknowledged',
    source: 'etcd#14890; consensus rule: refused below what is acknowledged',
    file: 'src/tree/sessions.js',
    edits: [
      [
        'if (ackedBelow <= seq && seq >= session.ackedBelow && seq < from + window) {',
        'if (seq < from + window) {',
      ],
      [
        "assert(seq >= ackedBelow && replies.length <= session.window, 'S1: answers are in the window');",
        '',
      ],
    ],
  },
  {
    id: 'window-unchecked',
    bug: 'a request runs whose number is beyond the window of its session',
    source: 'consensus rule: refused at or above the window',
    file: 'src/tree/sessions.js',
    edits: [
      ['&& seq < from + window) {', ') {'],
      [
        "assert(seq >= ackedBelow && replies.length <= session.window, 'S1: answers are in the window');",
        '',
      ],
    ],
  },
  {
    id: 'session-lost-runs-new',
    bug: 'a request of a session that is gone runs as if it were new',
    source: 'consensus rule: an unknown session is an error, and never runs as new',
    file: 'src/tree/sessions.js',
    edits: [
      [
        "return refused('ERR_SESSION_LOST', `Session \x24{id} is not there: it ended, or never was`);",
        'return alone;',
      ],
    ],
  },
  {
    id: 'retry-with-new-number',
    bug: 'the library sends a write again under a new number when it lost the answer',
    source: 'etcd#14890, #18424; row 48',
    file: 'src/client/call.js',
    edits: [
      [
        '                return;\n            }\n        }\n        this.#submit();\n    }\n    refused(why) {',
        '                return;\n            }\n            this.#giveUpNumber();\n            return this.#begin();\n        }\n        this.#submit();\n    }\n    refused(why) {',
      ],
    ],
  },
  {
    id: 'lost-session-is-not-done',
    bug: 'the library sends a write again in a new session though an earlier copy may have run',
    source: 'etcd#18424; consensus rule: never runs as new',
    file: 'src/client/verdict.js',
    edits: [["return mayHaveRun ? 'tell' : 'elsewhere';", "return 'elsewhere';"]],
  },
  {
    id: 'txn-half-applied',
    bug: 'what a transaction did before one of its writes was refused stays',
    source: 'etcd’s robustness tests: atomic; consensus rule: whole or not at all',
    file: 'src/tree/transaction.js',
    edits: [
      [
        'return { ...outcome, detail: `Operation \x24{i + 1} of the transaction: \x24{outcome.detail}` };',
        "return { kind: 'decided', revision: draft.revision, succeeded, results };",
      ],
    ],
  },
  {
    id: 'txn-compares-after-ops',
    bug: 'which branch is done is decided after the first write',
    source: 'consensus rule: compares, then one branch',
    file: 'src/tree/transaction.js',
    edits: [
      [
        'const succeeded = command.compares.every((compare) => holds(draft, compare));',
        "const [early] = command.ifTrue;\n    if (early?.kind === 'count')\n        write(draft, state, early);\n    const succeeded = command.compares.every((compare) => holds(draft, compare));",
      ],
    ],
  },
  {
    id: 'txn-reads-state-before',
    bug: 'a read in a transaction does not see what the transaction wrote',
    source: 'consensus rule: each operation sees those before it',
    file: 'src/tree/transaction.js',
    edits: [
      [
        'const file = draft.files.get(operation.path) ?? null;',
        'const file = state.files.get(operation.path) ?? null;',
      ],
    ],
  },
  {
    id: 'txn-created-is-changed',
    bug: 'a compare of the created revision looks at the last write',
    source: 'etcd#11457; consensus rule: the created revision is the fencing token',
    file: 'src/tree/transaction.js',
    edits: [
      [
        'return relates((file?.created ?? 0) - compare.revision, compare.relation);',
        'return relates((file?.changed ?? 0) - compare.revision, compare.relation);',
      ],
    ],
  },
  {
    id: 'sequence-by-count',
    bug: 'a sequence name counts the files of its directory',
    source: 'consensus rule: names are never the same twice',
    file: 'src/tree/operations.js',
    edits: [
      [
        'const path = parsePath(sequencePath(prefix, draft.revision + 1));',
        'const path = parsePath(sequencePath(prefix, draft.files.size + 1));',
      ],
    ],
  },
  {
    id: 'counter-twice-on-retry',
    bug: 'the library sends a count again in no session when it heard no answer',
    source: 'etcd#14890; row 48',
    file: 'src/client/call.js',
    edits: [
      [
        '        this.#submit();\n    }\n    refused(why) {',
        "        if (this.#plan.action.startsWith('Cannot count'))\n            this.#ticket = null;\n        this.#submit();\n    }\n    refused(why) {",
      ],
    ],
  },
  {
    id: 'lease-counted-from-answer',
    bug: 'the library counts a lease from when its sign of life was answered',
    source: 'etcd#9395; consensus rule: the client counts from its own send',
    file: 'src/client/keep-alives.js',
    edits: [
      [
        'kept.goodUntilMs = Math.max(kept.goodUntilMs, sentAtMs + Math.min(leftMs, lengthMs));',
        'kept.goodUntilMs = Math.max(kept.goodUntilMs, this.#parts.clock.now() + Math.min(leftMs, lengthMs));',
      ],
    ],
  },
  {
    id: 'grant-counted-from-last-copy',
    bug: 'the library counts a new lease from when it last asked for it, though an earlier copy may have granted it',
    source: 'consensus rule: the client counts from its own send',
    file: 'src/client/leases.js',
    edits: [['read: (reply, { firstMs }) => {', 'read: (reply, { lastMs: firstMs }) => {']],
  },
  {
    id: 'watch-resumes-after-transaction-part',
    bug: 'the library goes on after the end of a transaction of which it was told a part',
    source: 'etcd#15271; consensus rule: watches resume in the middle',
    file: 'src/client/watch.js',
    edits: [
      [
        'for (const event of reply.events)\n                this.#take(event);\n            this.#advance(reply.progress + 1);',
        'for (const event of reply.events)\n                this.#take(event);\n            this.#advance(reply.progress + (reply.events.length > 1 ? 2 : 1));',
      ],
    ],
  },
  {
    id: 'lease-files-stay',
    bug: 'the last file of a lease outlives it',
    source: 'etcd#11456; consensus rule: files of a lease go with it',
    file: 'src/tree/draft.js',
    edits: [
      [
        'for (const [path] of files.entries())\n            this.delete(path);',
        'for (const [path] of [...files.entries()].slice(0, 1))\n            this.delete(path);',
      ],
    ],
  },
  {
    id: 'attach-without-lease',
    bug: 'a file may be given to a lease that is not there',
    source: 'etcd#11456: the lease is not checked where the lock is taken',
    file: 'src/tree/operations.js',
    edits: [
      [
        'if (lease === undefined)\n        return noSuchLease(id);',
        'if (lease === undefined)\n        return null;',
      ],
      [
        'if (refusal === null)\n        draft.set(path, body, lease, old);',
        'if (refusal === null)\n        draft.set(path, body, draft.lease(lease) === undefined ? noLease : lease, old);',
      ],
    ],
  },
  {
    id: 'local-read-goes-back',
    bug: 'a read of one node is answered with a state before what its client has seen',
    source: 'consensus rule: local reads, a revision floor',
    file: 'src/client/reads.js',
    edits: [['least: this.#caller.floor.above(least) }', 'least }']],
  },
];
