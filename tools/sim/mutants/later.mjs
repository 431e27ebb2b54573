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
    edits: [['const place = `${index} ${version}`;', 'const place = `${version}`;']],
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
];
