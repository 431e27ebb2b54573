// doozer-protocol(7): for whoever writes a client. Numbers come from src/protocol, bounds from src/base.
import { limits } from '../../src/base/index.ts';
import {
  type DoozerError,
  type DoozerVerb,
  doozerErrors,
  doozerFlags,
  doozerVerbs,
} from '../../src/protocol/index.ts';
import { body, bold, definition, page, seeAlso } from './roff.ts';

const description = `The protocol of doozer as clients have spoken it since 2011, over TCP, without a greeting, a version, or
a sign of life. One connection carries any number of requests at once.`;

const framing = `A message, either way, is four bytes, its length as a signed number with the highest byte first, and so many
bytes of a protocol buffers message (proto2). Length 0 is an empty message. A negative length, one above ${limits.frameBytesMax}, and
bytes that do not decode end the connection without an answer.

Replies are written whole. A client should write a frame whole, too, and keep Nagle's algorithm off.`;

const request = `  1  tag int32, any number
  2  verb enum
  4  path string: a path, or of WAIT and WALK a glob
  5  value bytes
  6  other_tag int32, in no use
  7  offset int32
  9  rev int64

All are optional, and whether one is there matters: absent is not zero. Unknown fields are passed over; of one that is
given twice the last counts. A negative int32 may be five bytes or ten.`;

const response = `  1    tag int32, that of the request; absent if it was
  2    flags int32, of WAIT and WALK: ${doozerFlags.set} was set, ${doozerFlags.deleted} was deleted, 0 neither
  3    rev int64
  5    path string
  6    value bytes
  8    len int32
  100  err_code enum, absent when all is well
  101  err_detail string, with OTHER only

An error carries the tag and these two alone.`;

const order = `Requests are taken in the order they come. REV, SELF, ACCESS and whatever is refused at sight are answered in
that order; the others when they are ready, in any order. Replies are told apart by their tags, which the server only
repeats: a client that uses one tag for several requests at once cannot tell.

So a GET behind a SET on the same connection may see the old value. Wait for the answer of the SET.`;

const verbTexts: Readonly<Record<DoozerVerb, string>> = {
  GET: 'path, perhaps rev. Gives rev and value of the file. A missing file: rev 0 and an empty value. A directory: ISDIR.',
  SET: 'path, rev, perhaps value. Writes the file if its revision is rev or less; rev 0: if there is none; -1: in any case. Gives the new rev. REV_MISMATCH, BAD_PATH, ISDIR, NOTDIR.',
  DEL: 'path, rev as of SET. Deletes the file; a missing one is no error. Gives nothing. REV_MISMATCH, BAD_PATH, ISDIR, NOTDIR.',
  REV: 'nothing. Gives rev, the current revision.',
  WAIT: 'path, a glob, and rev. Gives path, rev, value and flags of the first change that matches, at rev or later; waits for it. There is no way to cancel it but to close the connection. TOO_LATE; OTHER for a bad glob.',
  NOP: 'nothing. Takes a revision, changes nothing, gives nothing.',
  WALK: 'path, a glob, and offset; perhaps rev. Gives path, value, rev and flags of one file that matches: that number offset, from 0, in the order of the tree. RANGE behind the last; OTHER for a bad glob.',
  GETDIR:
    'path and offset; perhaps rev. Gives path: the name, without slash, of entry number offset. RANGE behind the last; NOENT, NOTDIR.',
  STAT: 'perhaps path and rev. Gives len and rev: of a file its length and revision, of a directory how many names it holds and -2, of neither 0 and 0.',
  SELF: 'nothing. Gives value, the id of the node.',
  ACCESS:
    'value, a secret; absent is an empty one. Gives nothing. A wrong one: OTHER "permission denied". What it grants holds for requests that are sent after it on this connection.',
};

const errorTexts: Readonly<Record<DoozerError, string>> = {
  TAG_IN_USE: 'is never sent.',
  UNKNOWN_VERB: 'there is no such verb, or none was given.',
  READONLY: 'is never sent: every node takes writes.',
  TOO_LATE: 'the revision was forgotten.',
  REV_MISMATCH: 'the file is newer than the rev of a SET or DEL.',
  BAD_PATH: 'the path of a SET or DEL is none.',
  MISSING_ARG: 'a field that the verb needs is absent.',
  RANGE: 'offset is negative, or behind the last.',
  NOTDIR: 'a file is where a directory would have to be.',
  ISDIR: 'a directory is where a file would have to be.',
  NOENT: 'GETDIR: nothing is there.',
  OTHER:
    'what err_detail says. "permission denied": a right is missing. "outcome unknown" at its beginning: a write may have been done, or may yet be. "no quorum" and "no leader": it was not.',
};

const revisions = `Every operation takes the next revision, one that was refused as well: then /ctl/err is written at it. With a
rev, a request is answered in the state after that revision, and waits for one that is still to come. A rev below 1
counts as 1. Nodes remember the last ${limits.historyRevisions} revisions, or what "doozerd -hist" says; before is TOO_LATE. Without a rev, an
answer holds everything that was acknowledged to anybody before the request came.

Special: 0 is the revision of what is missing, -2 of a directory, -1 in a request means whatever is there.`;

const paths = `A path is "/", or one or more of "/NAME"; a name is letters, digits and the characters . - _ : @ + = ~ and comma.
A path is at most ${limits.pathBytesMax} bytes, a body ${limits.valueBytesMax}. A directory is there while something is in it.

In a glob, ? stands for one character other than a slash, * for any number of them, ** for any number of any
characters. "/**" matches everything, "/" too; "/a/**" does not match "/a".

Files come in the order of the tree: depth first, the names of a directory sorted by their bytes.`;

const habits = `To list a directory or to walk: ask for REV, then for offset 0, 1, 2 and so on at that rev, until RANGE.

To watch: WAIT at rev r; when it answers with revision n, WAIT at n + 1. After TOO_LATE, read the state anew at the
current revision and go on behind it.

To write what nobody else wrote meanwhile: GET, then SET with the rev of the answer.

A connection that ends leaves open whether a SET, DEL or NOP that was not answered has been done. Look before writing
again. Any node takes any request, so any other will do to look.`;

const bytes = `GET of /a with tag 1, and its answer, revision 5 and the value "hi":

  00 00 00 08  08 01  10 01  22 02 2f 61
  00 00 00 08  08 01  18 05  32 02 68 69`;

export const protocolPage = (version: string): string =>
  page(
    { name: 'doozer-protocol', section: 7, summary: 'what doozer clients and nodes say', version },
    [
      ['DESCRIPTION', body(description)],
      ['FRAMES', body(framing)],
      ['REQUEST', body(request)],
      ['RESPONSE', body(response)],
      ['ORDER', body(order)],
      ['VERBS', numbered(doozerVerbs, verbTexts)],
      ['ERRORS', numbered(doozerErrors, errorTexts)],
      ['REVISIONS', body(revisions)],
      ['PATHS AND GLOBS', body(paths)],
      ['HOW TO', body(habits)],
      ['EXAMPLE', body(bytes)],
      seeAlso('doozer(1)', 'doozerd(8)', 'doozer-uri(7)'),
    ],
  );

function numbered<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  texts: Readonly<Record<Name, string>>,
): string {
  return Object.entries<number>(numbers)
    .map(([name, n]) => definition(`${bold(name)} ${n}`, texts[name as Name]))
    .join('\n');
}
