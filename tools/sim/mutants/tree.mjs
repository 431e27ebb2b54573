// Bugs in what commands do to the tree.
export const tree = [
  {
    id: 'guard-off-by-one',
    bug: 'a guard holds for a file that is one revision newer',
    source: 'doozer rule: guards',
    file: 'src/tree/guards.js',
    edits: [['guard !== always && guard < current', 'guard !== always && guard + 1 < current']],
  },
  {
    id: 'slot-unchecked',
    bug: 'anything may be written into a slot',
    source: 'consensus rule: slots; a client’s write never makes a node assert',
    file: 'src/tree/slots.js',
    edits: [
      ['if (!isInSlots(path))\n        return null;', 'if (path !== null)\n        return null;'],
    ],
  },
  {
    id: 'slots-not-settled',
    bug: 'the slots do not follow the membership',
    source: 'etcd#20967: two membership stores drift; row 47',
    file: 'src/tree/members.js',
    edits: [['settleSlots(draft, state.membership, membership);', '']],
  },
  {
    id: 'refusal-takes-none',
    bug: 'a refused operation takes no revision',
    source: 'consensus rule: one operation, one revision',
    file: 'src/tree/apply.js',
    edits: [['    noteRefusal(draft, refusal);\n', '']],
  },
  {
    id: 'digest-apart-from-state',
    bug: 'the digest does not change together with the files',
    source: 'etcd 3.5 postmortem; row 20',
    file: 'src/tree/apply.js',
    edits: [['filesDigest: draft.filesDigest,', 'filesDigest: before.filesDigest,']],
  },
];
