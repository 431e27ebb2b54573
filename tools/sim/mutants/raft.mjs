// Kept whole: a table of bugs, one row each.
// Bugs that others had in their consensus, one small change each. `find` stands once in the built file.
export const raft = [
  {
    id: 'count-old-term',
    bug: 'a leader commits entries of earlier terms by counting',
    source: 'logcabin#44; Raft 5.4.2, figure 8; row 1',
    file: 'src/raft/replication.js',
    edits: [['raft.log.termAt(index) !== raft.term', 'false']],
    // An entry of an earlier term comes with the no-op, unless an append may carry little.
    also: [
      {
        file: 'src/node/raft-options.js',
        edits: [['appendEntriesMax: limits.appendEntriesMax', 'appendEntriesMax: 1']],
      },
    ],
  },
  {
    id: 'change-before-own-commit',
    bug: 'a leader changes members before anything of its own term is committed',
    source: 'raft-dev 2015, dissertation erratum; row 2',
    file: 'src/raft/membership.js',
    edits: [
      [
        "if (!isEstablished(raft))\n        return refused('notReady'",
        "if (false)\n        return refused('notReady'",
      ],
      ["assert(isEstablished(raft), 'R11: a change follows a commit of the own term');", ''],
    ],
  },
  {
    id: 'membership-at-apply',
    bug: 'a membership is in force only once it is committed',
    source: 'etcd#11284, etcd#7625; row 3',
    file: 'src/raft/state.js',
    edits: [
      [
        "export const effective = (raft) => must(raft.memberships.at(-1), 'a membership is always in force');",
        "export const effective = (raft) => {\n    const committed = lastThrough(raft, raft.commitIndex);\n    return committed.membership.voters.length > 0 ? committed : must(raft.memberships.at(-1), 'a membership is always in force');\n};",
      ],
    ],
  },
  {
    id: 'install-keeps-membership',
    bug: 'an installed snapshot leaves the membership of the old log in force',
    source: 'openraft#1808; row 4',
    file: 'src/raft/snapshots.js',
    edits: [
      [
        'raft.memberships.length = 0;',
        'raft.memberships.length = raft.memberships.at(-1).at.index >= meta.membershipAt.index ? 1 : 0;\n    if (raft.memberships.length === 0)',
      ],
    ],
  },
  {
    id: 'leave-uncommitted-joint',
    bug: 'the final membership is appended before the joint one is committed',
    source: 'camunda#60086; row 5',
    file: 'src/raft/membership.js',
    edits: [
      [
        'if (at.index > raft.commitIndex)\n        return;',
        'if (at.index > raft.commitIndex && !isJoint(membership))\n        return;',
      ],
      [
        "assert(effective(raft).at.index <= raft.commitIndex, 'R10: one uncommitted membership at most');",
        '',
      ],
    ],
  },
  {
    id: 'restart-forgets-membership',
    bug: 'a restart forgets memberships that were appended and not compacted',
    source: 'camunda#58304; row 6',
    file: 'src/raft/state.js',
    edits: [
      [
        "if (entry.payload.kind === 'membership')",
        "if (entry.payload.kind === 'membership' && entry.index === 1)",
      ],
    ],
  },
  {
    id: 'truncate-keeps-membership',
    bug: 'a truncated membership stays in force',
    source: 'openraft#1809; Raft 6',
    file: 'src/raft/replication.js',
    edits: [
      ['while (effective(raft).at.index >= index && raft.memberships.length > 1)', 'while (false)'],
    ],
  },
  {
    id: 'removed-leader-stays',
    bug: 'a leader that was removed goes on leading',
    source: 'etcd#11038, raft-rs#584; row 8',
    file: 'src/raft/membership.js',
    edits: [
      ['else if (!isVoter(committedMembership(raft).membership, raft.id)) {', 'else if (false) {'],
    ],
  },
  {
    id: 'joint-new-only',
    bug: 'while joint, the new majority decides alone',
    source: 'dissertation 4.3',
    file: 'src/raft/quorum.js',
    edits: [
      [
        'return hasMajority(m.voters, agrees) && (m.outgoing === null || hasMajority(m.outgoing, agrees));',
        'return hasMajority(m.voters, agrees);',
      ],
      [
        'return m.outgoing === null ? index : lesser(index, majorityIndex(m.outgoing, matchedOf));',
        'return index;',
      ],
    ],
  },
  {
    id: 'joint-old-only',
    bug: 'while joint, the old majority decides alone',
    source: 'dissertation 4.3',
    file: 'src/raft/quorum.js',
    edits: [
      [
        'return hasMajority(m.voters, agrees) && (m.outgoing === null || hasMajority(m.outgoing, agrees));',
        'return hasMajority(m.outgoing ?? m.voters, agrees);',
      ],
      [
        'return m.outgoing === null ? index : lesser(index, majorityIndex(m.outgoing, matchedOf));',
        'return m.outgoing === null ? index : majorityIndex(m.outgoing, matchedOf);',
      ],
    ],
  },
  {
    id: 'half-is-quorum',
    bug: 'half of the voters are taken for a majority',
    source: 'Raft 5.2',
    file: 'src/raft/quorum.js',
    edits: [
      [
        'const majority = (count) => Math.floor(count / 2) + 1;',
        'const majority = (count) => Math.ceil(count / 2);',
      ],
    ],
  },
  {
    id: 'prevote-sets-vote',
    bug: 'answering a pre-vote gives the vote away',
    source: 'canonical/raft#196; row 10',
    file: 'src/raft/election.js',
    edits: [
      [
        "reply(raft, from, { kind: 'preVoteReply', term, ...answer });",
        "if (answer.granted && raft.role.kind !== 'leader') {\n        becomeFollower(raft, m.term, null);\n        raft.votedFor = from;\n    }\n    reply(raft, from, { kind: 'preVoteReply', term, ...answer });",
      ],
    ],
  },
  {
    id: 'prevote-refusal-hides-term',
    bug: 'a refused pre-vote does not carry the term of who refuses',
    source: 'canonical/raft#279; row 13',
    file: 'src/raft/step.js',
    edits: [
      [
        'if (!m.granted)\n                followIfMember(raft, from, m.term);',
        'if (false)\n                followIfMember(raft, from, m.term);',
      ],
    ],
  },
  {
    id: 'any-vote-counts',
    bug: 'a refused vote counts as a granted one',
    source: 'databend#16175 (openraft#1220); row 14',
    file: 'src/raft/election.js',
    edits: [['noteVote(raft, from, m);', 'noteVote(raft, from, { granted: true, doubt: null });']],
  },
  {
    id: 'vote-for-any-log',
    bug: 'a vote is given without looking at the candidate’s log',
    source: 'Raft 5.4.1',
    file: 'src/raft/election.js',
    edits: [['if (comparePositions(last, log.last) < 0)\n        return refusal;', '']],
  },
  {
    id: 'vote-by-index-only',
    bug: 'logs are compared by length alone',
    source: 'Raft 5.4.1',
    file: 'src/raft/election.js',
    edits: [['if (comparePositions(last, log.last) < 0)', 'if (last.index < log.last.index)']],
  },
  {
    id: 'vote-twice',
    bug: 'a node votes again in a term',
    source: 'Raft 5.2',
    file: 'src/raft/election.js',
    edits: [
      [
        'const isFree = raft.votedFor === null && leaderOf(raft) === null;',
        'const isFree = leaderOf(raft) === null;',
      ],
    ],
  },
  {
    id: 'vote-not-saved',
    bug: 'a vote is not written down',
    source: 'nats-server#5939; Raft figure 2; row 44',
    file: 'src/raft/election.js',
    edits: [
      [
        'raft.votedFor = from;\n        raft.outbox.hardStateChanged = true;',
        'raft.votedFor = from;',
      ],
    ],
  },
  {
    id: 'term-not-saved',
    bug: 'a new term is not written down',
    source: 'Raft figure 2',
    file: 'src/raft/roles.js',
    edits: [
      [
        'raft.votedFor = votedFor;\n    raft.outbox.hardStateChanged = true;',
        'raft.votedFor = votedFor;\n    if (votedFor !== null)\n        raft.outbox.hardStateChanged = true;',
      ],
    ],
  },
  {
    id: 'vote-before-save',
    bug: 'a vote leaves before it is durable',
    source: 'Raft figure 2; etcd#14370 for votes',
    file: 'src/raft/election.js',
    edits: [
      [
        "promise(raft, from, { kind: 'voteReply', term, ...answer });",
        "request(raft, from, { kind: 'voteReply', term, ...answer });",
      ],
    ],
  },
  {
    id: 'ack-before-save',
    bug: 'an acknowledgement leaves before the entries are durable',
    source: 'ZOOKEEPER-4785; row 39',
    file: 'src/raft/output.js',
    edits: [
      [
        "promise(raft, to, { kind: 'appendReply', term, matched });",
        "raft.outbox.requests.push({ to, message: { kind: 'appendReply', term, matched } });",
      ],
    ],
  },
  {
    id: 'leader-counts-unsaved',
    bug: 'a leader counts itself before its own disk has the entry',
    source: 'etcd#14370; row 19',
    file: 'src/raft/replication.js',
    edits: [['return raft.durableIndex;', 'return raft.log.lastIndex;']],
  },
  {
    id: 'persisted-aba',
    bug: 'a report of a save vouches for entries that replaced those saved',
    source: 'etcd async_storage_writes_append_aba_race',
    file: 'src/raft/output.js',
    edits: [
      [
        'const durable = lesser(through.index, previousIndex(outbox.unsavedFrom));',
        'const durable = raft.log.lastIndex;',
      ],
    ],
    also: [
      {
        file: 'src/node/loop.js',
        edits: [
          [
            'await saving;',
            'await saving;\n                const early = this.#inbox;\n                this.#inbox = [];\n                for (const input of early)\n                    core.step(input);',
          ],
        ],
      },
    ],
  },
  {
    id: 'stale-matched',
    bug: 'what a follower acknowledged in an earlier boot still counts',
    source: 'consensus rule: boot numbers',
    file: 'src/raft/progress.js',
    edits: [['if (p.boot !== noBoot)\n            forget(p);', '']],
  },
  {
    id: 'append-without-check',
    bug: 'entries are appended after a place that does not agree',
    source: 'Raft 5.3',
    file: 'src/raft/replication.js',
    edits: [
      [
        'if (index >= log.base.index && log.termAt(index) !== term) {',
        'if (index >= log.base.index && log.termAt(index) === null) {',
      ],
    ],
  },
  {
    id: 'append-cuts-always',
    bug: 'a late, short append cuts what came after it',
    source: 'Raft 5.3: only a conflict deletes',
    file: 'src/raft/replication.js',
    edits: [
      ['if (held === entry.term)\n        return;', ''],
      ["assert(index > raft.commitIndex, 'R7: what is committed is never truncated');", ''],
    ],
  },
  {
    id: 'ack-whole-log',
    bug: 'a follower acknowledges all it holds, also what was not compared',
    source: 'Raft 5.3',
    file: 'src/raft/replication.js',
    edits: [
      [
        'promiseMatched(raft, from, greater(through, raft.commitIndex));',
        'promiseMatched(raft, from, log.lastIndex);',
      ],
    ],
    // One append carries all there is, unless it may carry little.
    also: [
      {
        file: 'src/node/raft-options.js',
        edits: [['appendEntriesMax: limits.appendEntriesMax', 'appendEntriesMax: 2']],
      },
    ],
  },
  {
    id: 'commit-beyond-match',
    bug: 'a heartbeat commits what was never compared',
    source: 'Raft 5.3; etcd MsgHeartbeat',
    file: 'src/raft/replication.js',
    edits: [
      ['const commit = lesser(matched, raft.commitIndex);', 'const commit = raft.commitIndex;'],
    ],
  },
  {
    id: 'append-commit-beyond',
    bug: 'an append commits entries beyond its own',
    source: 'Raft figure 2: min(leaderCommit, index of last new entry)',
    file: 'src/raft/replication.js',
    edits: [
      [
        'commitThrough(raft, lesser(m.commit, through));',
        'commitThrough(raft, lesser(m.commit, log.lastIndex));',
      ],
    ],
    // One append carries all there is, unless it may carry little.
    also: [
      {
        file: 'src/node/raft-options.js',
        edits: [['appendEntriesMax: limits.appendEntriesMax', 'appendEntriesMax: 2']],
      },
    ],
  },
  {
    id: 'gap-from-packing',
    bug: 'an append leaves out an entry when it is packed by size',
    source: 'logcabin#160; row 49',
    file: 'src/raft/replication.js',
    edits: [
      [
        'return log.slice(next, upto);',
        'return log.slice(next, upto).filter((_, i, all) => all.length < 3 || i !== 1);',
      ],
    ],
  },
  {
    id: 'read-before-own-commit',
    bug: 'reads are served before anything of the own term is committed',
    source: 'etcd#7331; row 16',
    file: 'src/raft/reads.js',
    edits: [['if (!isEstablished(raft))\n        return false;', '']],
  },
  {
    id: 'read-joins-sent-round',
    bug: 'a read joins a round that was already sent',
    source: 'etcd#20418, etcd#21399; row 17',
    file: 'src/raft/reads.js',
    edits: [
      [
        "raft.reads.joining.push({ kind: 'local', ref });",
        "(raft.reads.rounds.at(-1)?.readers ?? raft.reads.joining).push({ kind: 'local', ref });",
      ],
    ],
  },
  {
    id: 'read-without-quorum',
    bug: 'a leader answers reads without asking who still follows it',
    source: 'Raft 8; lease reads without a lease',
    file: 'src/raft/reads.js',
    edits: [
      ['if (!isSoleVoter(raft))\n        return true;', ''],
      ['if (!hasQuorum(membership, isHeard))\n            break;', ''],
    ],
  },
  {
    id: 'read-acks-any-round',
    bug: 'an acknowledgement of an earlier round counts for a later one',
    source: 'etcd#20418; row 17',
    file: 'src/raft/reads.js',
    edits: [
      [
        '(leader.progress.get(id)?.roundAcked ?? 0) >= round',
        '(leader.progress.get(id)?.roundAcked ?? 0) >= 1',
      ],
    ],
  },
  {
    id: 'removed-on-unknown',
    bug: 'a node that does not know the asker tells it that it was removed, and is believed',
    source: 'consensus rule: REMOVED',
    file: 'src/raft/election.js',
    edits: [
      ['if (at.index < m.memberIndex && at.term <= lastTermOf(m))\n        return false;', ''],
    ],
    also: [
      {
        file: 'src/life/life.js',
        edits: [['if (removed !== null) {', 'if (removed !== undefined) {']],
      },
    ],
  },
  {
    id: 'promote-silent',
    bug: 'a learner is promoted although it is silent or behind',
    source: 'consensus rule: promotion; etcd learner design',
    file: 'src/raft/membership.js',
    edits: [['if (id !== raft.id && !isReady(raft, leader, id)) {', 'if (false) {']],
  },
  {
    id: 'vote-by-verified',
    bug: 'a suspect node votes by what it can still read',
    source: 'Alagappan et al., FAST 2018; consensus rule: suspects',
    file: 'src/raft/election.js',
    edits: [
      [
        'const isInDoubt = suspect !== null && comparePositions(last, suspect) < 0;',
        'const isInDoubt = false;',
      ],
    ],
  },
  {
    id: 'doubt-counts-as-vote',
    bug: 'a vote given in doubt elects like any other',
    source: 'Alagappan et al., FAST 2018; consensus rule: suspects',
    file: 'src/raft/quorum.js',
    edits: [
      [
        'return answer?.granted === true && answer.doubt === null;',
        'return answer?.granted === true;',
      ],
    ],
  },
  {
    id: 'suspect-heartbeat-commits',
    bug: 'a suspect node believes a heartbeat about entries that it may have lost',
    source: 'consensus rule: only the verified prefix is acknowledged',
    file: 'src/raft/replication.js',
    edits: [['if (raft.suspect === null)\n        commitThrough', 'commitThrough']],
  },
  {
    id: 'install-forgets-applied',
    bug: 'a snapshot is installed again, and what came after it is forgotten',
    source: 'etcd#15271; Raft 7, figure 13',
    file: 'src/raft/snapshots.js',
    edits: [
      ['if (meta.index > raft.commitIndex) {', 'if (meta.index >= raft.snapshot.index) {'],
      [
        'if (raft.log.holds(meta))\n            commitThrough(raft, meta.index);\n        else\n            install(raft, meta);',
        'install(raft, meta);',
      ],
    ],
  },
  {
    id: 'restart-skips-replay',
    bug: 'a restart takes its whole log for committed and applied',
    source: 'openraft#1246; row 54',
    file: 'src/raft/state.js',
    edits: [
      ['commitIndex: snapshot.index,', 'commitIndex: log.lastIndex,'],
      ['handedIndex: snapshot.index,', 'handedIndex: log.lastIndex,'],
    ],
  },
  {
    id: 'figure-8',
    bug: 'a leader commits entries of earlier terms by counting, and asserts nothing',
    source: 'Raft 5.4.2, figure 8; row 1',
    file: 'src/raft/replication.js',
    edits: [['raft.log.termAt(index) !== raft.term', 'false']],
    also: [
      {
        file: 'src/raft/invariants.js',
        edits: [
          [
            "assert(term === after.term, 'R6: only entries of the own term are committed by counting');",
            '',
          ],
        ],
      },
      {
        file: 'src/node/raft-options.js',
        edits: [['appendEntriesMax: limits.appendEntriesMax', 'appendEntriesMax: 1']],
      },
    ],
  },
  {
    id: 'prevote-counts-as-vote',
    bug: 'a late answer to a pre-vote counts as a vote',
    source: 'canonical/raft#196; row 10',
    file: 'src/raft/election.js',
    edits: [
      [
        "if (raft.role.kind !== 'preCandidate')\n        return;\n    if (m.granted && m.term",
        "if (raft.role.kind === 'candidate' && m.granted && m.term === raft.term)\n        return noteVote(raft, from, m);\n    if (raft.role.kind !== 'preCandidate')\n        return;\n    if (m.granted && m.term",
      ],
    ],
  },
  {
    id: 'prevote-resets-vote',
    bug: 'answering a pre-vote forgets the vote of this term',
    source: 'canonical/raft#196; row 10',
    file: 'src/raft/election.js',
    edits: [
      [
        "reply(raft, from, { kind: 'preVoteReply', term, ...answer });",
        "if (answer.granted)\n        raft.votedFor = null;\n    reply(raft, from, { kind: 'preVoteReply', term, ...answer });",
      ],
    ],
    also: [
      {
        file: 'src/raft/invariants.js',
        edits: [
          [
            "assert(after.votedFor === before.votedFor, 'R3: a vote is set at most once in a term');",
            '',
          ],
        ],
      },
    ],
  },
  {
    id: 'newest-may-not-campaign',
    bug: 'the node with the newest log may not campaign, since an entry that is not committed removes it',
    source: 'openraft#2091, scylladb#10618; row 7',
    file: 'src/raft/state.js',
    edits: [
      [
        'return (isVoter(effective(raft).membership, raft.id) ||\n        isVoter(committedMembership(raft).membership, raft.id));',
        'return isVoter(effective(raft).membership, raft.id);',
      ],
    ],
  },
  {
    id: 'no-prevote',
    bug: 'a node that hears nobody raises its term again and again, and everybody follows it',
    source: 'hashicorp/raft#524, etcd#9333, Cloudflare 2020-11-02; rows 9 and 15',
    file: 'src/raft/election.js',
    edits: [
      [
        'if (mayCampaign(raft)) {\n        askForPreVotes(raft);',
        'if (mayCampaign(raft)) {\n        askForVotes(raft, false);',
      ],
      ['return raft.ticksQuiet < raft.options.electionTimeoutTicks;', 'return false;'],
    ],
  },
  {
    id: 'leader-without-quorum-stays',
    bug: 'a leader that a quorum does not answer goes on sending heartbeats',
    source: 'thesis 6.2; Cloudflare 2020-11-02; row 15',
    file: 'src/raft/step.js',
    edits: [['if (!hasQuorum(effective(raft).membership, isHeard)) {', 'if (false) {']],
  },
  {
    id: 'sole-voter-reads-early',
    bug: 'a sole voter serves reads before it has committed again what it had answered for',
    source: 'etcd-io/raft#105; row 18',
    file: 'src/raft/reads.js',
    edits: [
      [
        'if (!isEstablished(raft))\n        return false;',
        'if (!isEstablished(raft) && !isSoleVoter(raft))\n        return false;',
      ],
    ],
  },
  {
    id: 'snapshot-success-discarded',
    bug: 'a follower that installed a snapshot is taken to be installing it for ever',
    source: 'openraft#1706, dgraph#9793; row 36',
    file: 'src/raft/progress.js',
    edits: [
      [
        'if (p.matched >= p.flow.pending || p.matched + 1 >= firstIndex)\n                toReplicate(p);',
        '',
      ],
    ],
    also: [
      {
        file: 'src/raft/snapshots.js',
        edits: [
          [
            'if (flow.ticksDelivered >= raft.options.electionTimeoutTicks)\n            probeAgain(progress);',
            '',
          ],
        ],
      },
    ],
  },
  {
    id: 'learner-does-not-vote',
    bug: 'a node that does not know of its own promotion refuses its vote',
    source: 'etcd campaign_learner_must_vote',
    file: 'src/raft/election.js',
    edits: [
      [
        'const answer = isFree || raft.votedFor === from ? answerTo(raft, m.last) : refusal;',
        'const isVoting = [...effective(raft).membership.voters, ...(effective(raft).membership.outgoing ?? [])].includes(raft.id);\n    const answer = isVoting && (isFree || raft.votedFor === from) ? answerTo(raft, m.last) : refusal;',
      ],
    ],
  },
  {
    id: 'candidate-asks-before-save',
    bug: 'votes are asked for before the term is durable',
    source: 'Raft figure 2',
    file: 'src/raft/election.js',
    edits: [['promise(raft, id, message);', 'request(raft, id, message);']],
  },
  {
    id: 'transfer-without-log',
    bug: 'a successor that lacks entries is told to campaign, and its vote requests are believed',
    source: 'consensus rule: transfer carries term and last index',
    file: 'src/raft/transfer.js',
    edits: [['if (role.progress.get(transfer.to)?.matched !== last.index)\n        return;', '']],
    also: [
      {
        file: 'src/raft/election.js',
        edits: [
          ['if (m.last.index !== last.index || m.last.term !== last.term)\n        return;', ''],
          [
            'if (comparePositions(last, log.last) < 0)\n        return refusal;',
            'if (log.last.term > last.term)\n        return refusal;',
          ],
        ],
      },
    ],
  },
];
