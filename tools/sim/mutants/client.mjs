// Bugs in the library.
export const client = [
  {
    id: 'watch-resumes-one-late',
    bug: 'the library resumes a watch one revision too late',
    source: 'consensus rule: watches',
    file: 'src/client/watch.js',
    edits: [
      [
        "const request = { kind: 'watch', tag, glob, from: this.#next, credits, previous };",
        "const request = { kind: 'watch', tag, glob, from: this.#next + (this.#pauses > 0 || this.#next > 1 ? 1 : 0), credits, previous };",
      ],
    ],
  },
  {
    id: 'watch-repeats',
    bug: 'the library hands out what a node repeats',
    source: 'consensus rule: watches',
    file: 'src/client/watch.js',
    edits: [
      ['if (sent.revision < this.#next)\n            return;', ''],
      ['from: this.#next, credits', 'from: Math.max(1, this.#next - 2), credits'],
    ],
  },
  {
    id: 'progress-ahead',
    bug: 'a progress mark runs ahead of the events before it',
    source: 'etcd#15220; row 29',
    file: 'src/client/watch.js',
    edits: [
      [
        'for (const event of reply.events)\n                this.#take(event);\n            this.#advance(reply.progress + 1);',
        'this.#advance(reply.progress + 1);\n            for (const event of reply.events)\n                this.#take(event);',
      ],
    ],
  },
  {
    id: 'library-repeats-writes',
    bug: 'the library sends a write of no session again after it lost the answer',
    source: 'etcd#14890, #18424; row 48',
    file: 'src/client/call.js',
    edits: [
      [
        'if (this.#ticket === null) {\n                this.#fail(this.#unknown(`\x24{why.message}; it may have taken effect`, why));\n                return;\n            }',
        '',
      ],
    ],
  },
  {
    id: 'floor-forgotten',
    bug: 'a client is told an older revision than it has seen, after it changed over to another node',
    source: 'consensus rule: local reads, a revision floor',
    file: 'src/client/floor.js',
    edits: [
      [
        'this.seen(revision);\n        return this.#revision;',
        'this.seen(revision);\n        return revision;',
      ],
    ],
  },
  {
    id: 'lost-is-not-done',
    bug: 'a write whose link went before the answer is told as not done',
    source: 'consensus rule: outcomes; etcd#14890',
    file: 'src/client/call.js',
    edits: [
      [
        'this.#fail(this.#unknown(`\x24{why.message}; it may have taken effect`, why));',
        "this.#mayHaveRun = false;\n                this.#fail(this.#error('ERR_UNREACHABLE', why.message));",
      ],
    ],
  },
];
