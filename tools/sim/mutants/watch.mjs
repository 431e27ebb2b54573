// Bugs in watches, in the node and in its sessions.
export const watch = [
  {
    id: 'install-keeps-watches',
    bug: 'watches go on after a snapshot as if nothing was jumped over',
    source: 'etcd#15271, #19487; row 27',
    file: 'src/watch/hub.js',
    edits: [
      [
        'const lost = [...this.#all()].filter(({ from }) => Math.max(from, next) < oldest);',
        'const lost = [];',
      ],
    ],
  },
  {
    id: 'watch-gap',
    bug: 'an event is lost between the past and the present of a watch',
    source: 'etcd#18089; row 30',
    file: 'src/watch/hub.js',
    edits: [
      [
        'const next = Math.max(from, this.#history.current.revision + 1);',
        'const next = Math.max(from, this.#history.current.revision + 2);',
      ],
    ],
  },
  {
    id: 'watch-future',
    bug: 'a watch from a future revision is told of earlier events',
    source: 'etcd#20221; row 31',
    file: 'src/watch/hub.js',
    edits: [['if (event.revision < waiting.from)\n                continue;', '']],
  },
  {
    id: 'compacted-is-silent',
    bug: 'forgotten history is skipped without a word',
    source: 'etcd#18089, #19179; row 30',
    file: 'src/watch/hub.js',
    edits: [
      [
        "watch(glob, from, watcher) {\n        const past = this.#past(glob, from);\n        if (past === 'compacted')\n            return 'compacted';",
        "watch(glob, from, watcher) {\n        const known = this.#past(glob, from);\n        const past = known === 'compacted' ? [] : known;",
      ],
      [
        "wait(glob, from, watcher) {\n        const past = this.#past(glob, from);\n        if (past === 'compacted')\n            return 'compacted';",
        "wait(glob, from, watcher) {\n        const known = this.#past(glob, from);\n        const past = known === 'compacted' ? [] : known;",
      ],
    ],
  },
  {
    id: 'siblings-lost',
    bug: 'of several events of one change only the last is told',
    source: 'consensus rule: one operation, one revision; WAIT asks for the next',
    file: 'src/watch/hub.js',
    edits: [
      [
        'for (const event of events) {\n            const exact',
        'for (const event of events.slice(-1)) {\n            const exact',
      ],
    ],
  },
  {
    id: 'exists-watch-missed',
    bug: 'a file that was made and deleted while nobody was connected is not told of',
    source: 'ZooKeeper documentation, watches; row 42',
    file: 'src/watch/hub.js',
    edits: [
      [
        'return file !== null && file.changed < from ? [] : events;',
        'return file === null || file.changed < from ? [] : events;',
      ],
    ],
  },
  {
    id: 'slow-watch-loses',
    bug: 'a watcher without credit loses the event that came then',
    source: 'etcd#17529; row 28',
    file: 'src/server/watch-stream.js',
    edits: [
      [
        'this.#next = event.revision;\n        if (this.#credits',
        'this.#next = after(event);\n        if (this.#credits',
      ],
    ],
  },
  {
    id: 'wait-twice',
    bug: 'history that was read is told again when a watch becomes live',
    source: 'consensus rule: watches',
    file: 'src/server/watch-stream.js',
    edits: [
      [
        'this.#live.start(this.#parts.node, this.#parts.glob, this.#next);',
        'this.#live.start(this.#parts.node, this.#parts.glob, Math.max(1, this.#next - 1));',
      ],
      [
        "assert(event.revision >= this.#next, 'W2: a watch sees nothing twice and nothing older');",
        '',
      ],
    ],
    also: [
      {
        file: 'src/client/watch.js',
        edits: [['if (sent.revision < this.#next)\n            return;', '']],
      },
    ],
  },
];
