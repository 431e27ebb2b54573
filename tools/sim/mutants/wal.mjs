// Bugs in what makes promises durable.
export const wal = [
  {
    id: 'no-sync',
    bug: 'entries are acknowledged without a sync',
    source: 'Jepsen NATS 2.12.1: lazy fsync; row 43',
    file: 'src/wal/log.js',
    edits: [['await this.#file.sync();\n        // A power cut', '// A power cut']],
  },
  {
    id: 'no-ring',
    bug: 'nothing tells a torn record from a rotten one',
    source: 'etcd#11488; Alagappan et al., FAST 2018; row 22',
    file: 'src/wal/log.js',
    edits: [
      ['if (!this.#alone)\n            await this.#file.write(slot, [this.#ringEntry]);', ''],
    ],
  },
  {
    id: 'truncate-rotten',
    bug: 'a rotten tail is cut as if it were torn',
    source: 'etcd#6515, #11488; row 22',
    file: 'src/wal/examine.js',
    edits: [
      [
        'const evidence = later(vows.suspect, later(image.suspect, contradiction(snapshot, image)));',
        'const evidence = vows.suspect;',
      ],
    ],
  },
  {
    id: 'one-slot-of-vows',
    bug: 'term and vote stand in one place only',
    source: 'consensus rule: both slots; a flipped byte between vote and restart',
    file: 'src/wal/hard-state.js',
    edits: [
      [
        'for (const slot of [this.#first, 1 - this.#first]) {',
        'for (const slot of [this.#first]) {',
      ],
    ],
  },
  {
    id: 'vows-without-sync',
    bug: 'term and vote are promised before they are durable',
    source: 'Raft figure 2',
    file: 'src/wal/hard-state.js',
    edits: [
      [
        'await this.#file.write(slot * slotBytes, [bytes]);\n            await this.#file.sync();',
        'await this.#file.write(slot * slotBytes, [bytes]);',
      ],
    ],
  },
  {
    id: 'segment-name-not-synced',
    bug: 'the name of a new segment is not durable',
    source: 'consensus rule: fsync of file and folder',
    file: 'src/wal/segments.js',
    edits: [
      [
        'await disk.rename(preparedPath, path);\n    await disk.syncFolder(names.log);',
        'await disk.rename(preparedPath, path);',
      ],
    ],
  },
  {
    id: 'snapshot-not-synced',
    bug: 'a snapshot takes its name before its bytes are durable',
    source: 'ZOOKEEPER-2325; row 38',
    file: 'src/wal/snapshots.js',
    edits: [
      ['await this.#put(trailer);\n        await this.#file.sync();', 'await this.#put(trailer);'],
    ],
  },
  {
    id: 'compact-too-far',
    bug: 'log goes before the snapshot that covers it is durable',
    source: 'etcd#17780, #4220; rows 24 and 32',
    file: 'src/wal/log.js',
    edits: [
      [
        'const upTo = logIndex(Math.min(through, covered));',
        'const upTo = logIndex(through + 0 * covered);',
      ],
    ],
    also: [
      {
        file: 'src/node/snapshot-writer.js',
        edits: [
          [
            'const figures = await this.#writeOrSpend(state, meta);',
            'await log.compact(meta.index);\n        const figures = await this.#writeOrSpend(state, meta);',
          ],
        ],
      },
    ],
  },
  {
    id: 'sync-retried',
    bug: 'a failed sync is tried again and believed',
    source: 'fsyncgate; Rebello et al., ATC 2020; row 50',
    file: 'src/wal/log.js',
    edits: [
      [
        'await this.#file.sync();\n        // A power cut',
        'await this.#file.sync().catch(() => this.#file.sync());\n        // A power cut',
      ],
    ],
  },
  {
    id: 'boot-not-raised',
    bug: 'a restart keeps its boot number',
    source: 'consensus rule: boot numbers',
    file: 'src/wal/wal.js',
    edits: [
      [
        'const boot = bootNumber(hardState.vows.boot + 1);',
        'const boot = bootNumber(Math.max(1, hardState.vows.boot));',
      ],
    ],
  },
  {
    id: 'checksum-ignored',
    bug: 'a record is believed without its checksum',
    source: 'etcd#14098; Jepsen NATS: one bit; rows 22 and 43',
    file: 'src/wal/scanner.js',
    edits: [
      [
        'if (this.#checksum(this.#bytes.subarray(i + 4, bodyEnd), this.#seed) !== checksum)\n            return null;',
        '',
      ],
    ],
  },
  {
    id: 'identity-first',
    bug: 'a folder is called a node’s before it is whole',
    source: 'etcd#12578, #16596; row 23',
    file: 'src/wal/wal.js',
    edits: [
      ['await this.#clearUnborn();', 'await writeIdentity(this.#disk, this.#checksum, identity);'],
    ],
  },
  {
    id: 'snapshot-ahead-of-term',
    bug: 'a snapshot of a later term than the one written down is started with',
    source: 'ZOOKEEPER-2354; row 40',
    file: 'src/wal/wal.js',
    edits: [['const raised = snapshot.term > hardState.vows.term;', 'const raised = false;']],
  },
  {
    id: 'snapshot-pieces-unchecked',
    bug: 'a snapshot is read without its checksums and its digest',
    source: 'etcd 3.5 postmortem: a check that passes silently; row 21',
    file: 'src/wal/snapshot-source.js',
    edits: [
      ['if (found !== checksum(bytes, pieceSeed(layout.seed, number))) {', 'if (found === null) {'],
    ],
    also: [
      {
        file: 'src/tree/snapshot-decoder.js',
        edits: [
          ['if (!sameBytes(bytesOfDigest(snapshotDigest(state)), this.#digest)) {', 'if (false) {'],
        ],
      },
    ],
  },
  {
    id: 'lost-snapshot-is-no-snapshot',
    bug: 'a snapshot that is gone or damaged is taken for none',
    source: 'ZOOKEEPER-2325; row 38',
    file: 'src/wal/recovery.js',
    edits: [
      ["throw lost(rotten ?? damage, 'a part of what this node held is lost');", 'return [];'],
    ],
  },
  {
    id: 'full-cuts-snapshot',
    bug: 'a snapshot for which there was no room takes the place of the log all the same',
    source: 'etcd#3591, #5518; row 24',
    file: 'src/wal/snapshots.js',
    edits: [
      [
        'await this.#file.write(this.#at, parts);',
        "await this.#file.write(this.#at, parts).catch((error) => {\n            if (error.cause?.code !== 'ENOSPC')\n                throw error;\n        });",
      ],
    ],
  },
  {
    id: 'tail-not-cleared',
    bug: 'what lies behind the end of the log is not cleared away',
    source: 'etcd#6515: garbage behind the end; row 22',
    file: 'src/wal/repair.js',
    edits: [['await fillZero(file, beyond.dirtyFrom, beyond.dirtyTo);', '']],
  },
  {
    id: 'page-cache-believed',
    bug: 'a restart vouches for what it reads, though it may never have reached the disk',
    source: 'Rebello et al., ATC 2020; row 50',
    file: 'src/wal/wal.js',
    edits: [['await writeAgain(disk, this.#checksum, image);', '']],
  },
  {
    id: 'written-again-in-place',
    bug: 'what a restart read is written again in its place, and a power cut tears it',
    source: 'consensus rule: nothing durable is put at risk',
    file: 'src/wal/again.js',
    edits: [['await writeAside(disk, path, seal(form, encode(last.path, pieces), checksum));', '']],
  },
];
