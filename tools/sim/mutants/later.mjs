// Bugs that no fault of the simulator brings to light yet. `needs`: what would.
export const laterMutants = [
  {
    id: 'digest-trust-leader',
    bug: 'a node is condemned by the word of its leader alone',
    source: 'consensus rule: digest',
    file: 'src/node/digests.js',
    edits: [
      [
        'this.#judgement = judge(this.#parts.id, membership, [own, ...this.#claims.values()]);',
        'const { leader } = this.#parts.view();\n        const sole = leader === null ? membership : { ...membership, voters: [leader], outgoing: null };\n        this.#judgement = judge(this.#parts.id, sole, [own, ...this.#claims.values()]);',
      ],
    ],
    needs: 'a fault that makes one node’s tree wrong',
  },
  {
    id: 'digest-majority-of-heard',
    bug: 'a majority of those that were heard condemns',
    source: 'consensus rule: digest, a strict majority of all voters',
    file: 'src/node/digest-judge.js',
    edits: [
      [
        '2 * voters.filter((id) => holders.includes(id)).length > voters.length;',
        'voters.filter((id) => holders.includes(id)).length > 0;',
      ],
    ],
    needs: 'a fault that makes one node’s tree wrong',
  },
  {
    id: 'digest-any-index',
    bug: 'trees are compared at any index',
    source: 'consensus rule: digest, at equal index',
    file: 'src/node/digest-judge.js',
    edits: [['const place = `\x24{index} ', 'const place = `']],
    needs: 'nothing if progress or a new checker catches it: healthy nodes are condemned',
  },
  {
    id: 'condemned-campaigns',
    bug: 'a node whose tree is wrong campaigns',
    source: 'consensus rule: digest, a condemned node does not lead',
    file: 'src/raft/state.js',
    edits: [['if (raft.isCondemned || isAloneInDoubt(raft))', 'if (isAloneInDoubt(raft))']],
    needs: 'a fault that makes one node’s tree wrong',
  },
  {
    id: 'condemned-serves',
    bug: 'a node whose tree is wrong answers guests',
    source: 'consensus rule: digest, a condemned node does not serve',
    file: 'src/node/node.js',
    edits: [['return this.#quarantine.condemnation === null;', 'return true;']],
    needs: 'a fault that makes one node’s tree wrong',
  },
  {
    id: 'prevote-refuses-own-leader',
    bug: 'a pre-vote of the own known leader is refused, and pre-votes count as having heard it',
    source: 'hashicorp/raft#606, #609; rows 11 and 12',
    file: 'src/raft/election.js',
    edits: [
      ['if (leader === null || leader === from || !raft.isSticky)', 'if (leader === null)'],
      [
        'const isOpen = m.term > raft.term && !isHeldByLeader(raft, from);',
        'const isOpen = m.term > raft.term && !isHeldByLeader(raft, from);\n    raft.ticksQuiet = 0;',
      ],
    ],
    needs:
      'to be undone in three other places, too: timeouts are drawn anew, a closed link ends the loyalty to a leader, and a pre-candidate has none',
  },
  {
    id: 'suspect-alone-campaigns',
    bug: 'a node that sees no voter but itself, and knows that it lost some of its log, campaigns',
    source: 'Jepsen NATS 2.12.1: a damaged node leads; row 44',
    file: 'src/raft/state.js',
    edits: [['if (raft.isCondemned || isAloneInDoubt(raft))', 'if (raft.isCondemned)']],
    also: [
      {
        file: 'src/raft/quorum.js',
        edits: [['voters.size > 1 && [...voters].every(agrees)', '[...voters].every(agrees)']],
      },
      {
        file: 'src/life/store.js',
        edits: [
          [
            'if (suspect === null)\n        return;\n    const newest',
            'if (suspect !== undefined)\n        return;\n    const newest',
          ],
        ],
      },
    ],
    needs: 'damage to the disk of a cluster of one, where all that may be asked is that it notices',
  },
  {
    id: 'no-noop',
    bug: 'a new leader appends nothing of its own term',
    source: 'Raft 8',
    file: 'src/raft/roles.js',
    edits: [["appendAsLeader(raft, { kind: 'noop' }, log.lastTime);", '']],
    needs:
      'a bound on how long a read may take while nobody writes: now each node’s pulse, a write, takes the place of the no-op',
  },
  {
    id: 'last-words-stay',
    bug: 'what a node said last is written after it was removed, and stays for ever',
    source: 'etcd#20967: zombies; row 47',
    file: 'src/tree/apply.js',
    edits: [
      [
        'if (!isMember(state.membership, node) && !isMember(state.membershipInForce, node))\n        return;',
        '',
      ],
    ],
    needs: 'a checker of what stands below /ctl/node, where guests may write, too',
  },
  {
    id: 'set-aside-unconfirmed',
    bug: 'one node’s word is enough to set the data aside',
    source: 'consensus rule: REMOVED is confirmed',
    file: 'src/life/life.js',
    edits: [['if (removed) {', 'if (removed || !removed) {']],
    needs: 'somebody who says so wrongly: removed-on-unknown is both together',
  },
  {
    id: 'mark-while-behind',
    bug: 'a watch that stands still for want of credits is marked as if it had been told all',
    source: 'etcd’s robustness tests: bookmarkable; etcd#15220; row 29',
    file: 'src/server/watch-stream.js',
    edits: [['if (this.#live === null || newest - this.#told', 'if (newest - this.#told']],
    needs: 'a watch that stands still while 500 revisions pass',
  },
];
