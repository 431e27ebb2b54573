// Bugs in what nodes do with their lives, and in the steward.
export const life = [
  {
    id: 'steward-below-floor',
    bug: 'the silent are removed until one voter is left',
    source: 'consul#5922, #8118; row 46',
    file: 'src/steward/policy.js',
    edits: [
      [
        'const isAtFloor = view.voters.length - 1 < options.minVoters;',
        'const isAtFloor = view.voters.length < 2;',
      ],
    ],
  },
  {
    id: 'rejoin-founds',
    bug: 'a node that is to come back founds a cluster of its own',
    source: 'consensus rule: rejoin; etcd#12578; row 23',
    file: 'src/life/recovery.js',
    edits: [['if (mustAttach || note !== null || isTold || through.length > 0)', 'if (false)']],
  },
  {
    id: 'stall-counts-against-others',
    bug: 'a leader that stood still takes the others for silent',
    source: 'consensus rule: a stall of our own',
    file: 'src/node/liveness.js',
    edits: [['return this.#stalledMs + (lateMs >= stallMsMin ? lateMs : 0);', 'return 0;']],
  },
  {
    id: 'rejoin-keeps-id',
    bug: 'a removed node comes back under its old id',
    source: 'nats-server#7774; row 45',
    file: 'src/life/life.js',
    edits: [['nodeId: freshNodeId(this.#parts.world.random),', 'nodeId: this.#node.id,']],
  },
  {
    id: 'retire-without-note',
    bug: 'the data is set aside before the note is durable that says what comes next',
    source: 'consensus rule: rejoin, a crash at each step; row 23',
    file: 'src/life/store.js',
    edits: [
      [
        'await wal.writeRejoinNote(rejoin);\n            await wal.setAside();',
        'await wal.setAside();\n            await wal.writeRejoinNote(rejoin);',
      ],
    ],
  },
  {
    id: 'steward-removes-below-quorum',
    bug: 'the silent are removed although not all others are there',
    source: 'consul#5922, #8118; row 46',
    file: 'src/steward/policy.js',
    edits: [
      ['return allAcknowledge && stay.length >= majorityOf(view.voters.length);', 'return true;'],
    ],
    also: [
      {
        file: 'src/raft/membership.js',
        edits: [['if (id !== raft.id && !isReady(raft, leader, id)) {', 'if (false) {']],
      },
    ],
  },
];
