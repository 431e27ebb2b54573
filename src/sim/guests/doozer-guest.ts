// Guests with a client of 2011: one connection to one node, tags, no second try.
import { type ErrorCode, noBytes, type Prng, textOf, utf8 } from '../../base/index.ts';
import {
  DoozerFramer,
  type DoozerRequest,
  type DoozerResponse,
  decodeDoozerResponse,
  doozerErrors,
  doozerFlags,
  doozerVerbs,
  emptyDoozerRequest,
  encodeDoozerRequest,
} from '../../protocol/doozer/index.ts';
import type { Asked, Shown, Told } from '../history.ts';
import type { DoozerWire } from '../net/dial.ts';
import type { SimNet } from '../net/net.ts';
import type { Process } from '../process.ts';
import { type Desk, sleep } from './desk.ts';
import type { Errand } from './errands.ts';
import { finish } from './library-guest.ts';

export type DoozerGuestParts = {
  readonly desk: Desk;
  readonly net: SimNet;
  readonly process: Process;
  readonly machines: readonly { readonly address: string }[];
  readonly chance: Prng;
};

/** A guest of 2011 gives up on a connection that says nothing for so long. */
const patienceMs = 8000;
const redialMs = 100;

/** Does its errands one after the other, each over whatever connection it has. */
export async function runDoozerErrands(
  parts: DoozerGuestParts,
  errands: Iterable<Errand>,
): Promise<void> {
  const { desk, process } = parts;
  const line = new Line(parts);
  for (const errand of errands) {
    await sleep(process, errand.pauseMs);
    const asked = await pinned(desk, line, desk.request(errand));
    if (asked === null) continue;
    const operation = desk.history.began(desk.name, asked);
    finish(desk, operation, await perform(line, asked));
  }
  line.hangUp();
}

/** Names and files are asked for one by one, so at one revision: it is asked for first. */
async function pinned(desk: Desk, line: Line, asked: Asked): Promise<Asked | null> {
  if ((asked.kind !== 'list' && asked.kind !== 'walk') || asked.at !== null) return asked;
  const operation = desk.history.began(desk.name, { kind: 'rev' });
  const told = await perform(line, operation.asked);
  finish(desk, operation, told);
  if (told.kind !== 'revision' || told.revision < 1) return null;
  return { ...asked, at: told.revision };
}

/** Asks for the event after the last one, over and over. */
export async function followByWait(parts: DoozerGuestParts, over: () => boolean): Promise<void> {
  const { desk, process } = parts;
  const line = new Line(parts);
  let from = 1;
  while (!over()) {
    const asked: Asked = { kind: 'wait', glob: '/**', from };
    const operation = desk.history.began(desk.name, asked);
    const told = await perform(line, asked);
    finish(desk, operation, told);
    if (told.kind === 'event') {
      from = told.event.revision + 1;
    } else {
      await sleep(process, redialMs);
      const now = told.kind === 'refused' && told.code === 'ERR_COMPACTED' ? await rev(line) : null;
      if (now !== null) from = now;
    }
  }
  line.hangUp();
}

async function rev(line: Line): Promise<number | null> {
  return (await line.ask({ verb: doozerVerbs.REV }))?.rev ?? null;
}

/** One connection at a time, to any node. */
class Line {
  readonly #parts: DoozerGuestParts;
  #end: DoozerWire | null = null;
  #framer = new DoozerFramer();
  #tag = 0;
  #asked: {
    readonly tag: number;
    readonly answered: (response: DoozerResponse | null) => void;
  } | null = null;

  constructor(parts: DoozerGuestParts) {
    this.#parts = parts;
  }

  /** `null`: the connection ended, and what became of the request is not known. */
  ask(request: Partial<DoozerRequest> & { readonly verb: number }): Promise<DoozerResponse | null> {
    const end = this.#connected();
    const tag = ++this.#tag;
    return new Promise((resolve) => {
      const timer = this.#parts.process.after(patienceMs, () => this.hangUp());
      this.#asked = {
        tag,
        answered: (response) => {
          timer.cancel();
          resolve(response);
        },
      };
      end.send(encodeDoozerRequest({ ...emptyDoozerRequest, ...request, tag }));
    });
  }

  hangUp(): void {
    this.#end?.close();
    this.#lost();
  }

  #connected(): DoozerWire {
    if (this.#end !== null) return this.#end;
    const { net, process, machines, chance } = this.#parts;
    const machine = machines[chance.below(machines.length)];
    if (machine === undefined) throw new TypeError('there are machines');
    this.#framer = new DoozerFramer();
    const end = net.doozer(process, machine.address);
    this.#end = end;
    end.onBytes((bytes) => {
      if (this.#end === end) this.#take(bytes);
    });
    end.onClose(() => {
      if (this.#end === end) this.#lost();
    });
    return end;
  }

  #take(bytes: Uint8Array): void {
    for (const frame of this.#framer.push(bytes)) {
      const response = decodeDoozerResponse(frame);
      const asked = this.#asked;
      if (response === null || asked === null || response.tag !== asked.tag) continue;
      this.#asked = null;
      asked.answered(response);
    }
  }

  #lost(): void {
    this.#end = null;
    const asked = this.#asked;
    this.#asked = null;
    asked?.answered(null);
  }
}

// --- requests and answers -------------------------------------------------------------------------

async function perform(line: Line, asked: Asked): Promise<Told> {
  switch (asked.kind) {
    case 'list':
    case 'walk':
      return browse(line, asked);
    default: {
      if (!isSingle(asked)) throw new TypeError(`doozer of 2011 knows no ${asked.kind}`);
      const response = await line.ask(requestOf(asked));
      return response === null ? nobody(asked) : toldBy(asked, response);
    }
  }
}

/** What the protocol of 2011 knows. */
type Single = Extract<
  Asked,
  { readonly kind: 'set' | 'delete' | 'nop' | 'get' | 'stat' | 'rev' | 'wait' }
>;

const isSingle = (asked: Asked): asked is Single =>
  ['set', 'delete', 'nop', 'get', 'stat', 'rev', 'wait'].includes(asked.kind);

function requestOf(asked: Single): Partial<DoozerRequest> & { verb: number } {
  switch (asked.kind) {
    case 'set':
      return {
        verb: doozerVerbs.SET,
        path: asked.path,
        value: utf8(asked.body),
        rev: asked.guard,
      };
    case 'delete':
      return { verb: doozerVerbs.DEL, path: asked.path, rev: asked.guard };
    case 'nop':
      return { verb: doozerVerbs.NOP };
    case 'get':
      return { verb: doozerVerbs.GET, path: asked.path, rev: asked.at };
    case 'stat':
      return { verb: doozerVerbs.STAT, path: asked.path, rev: asked.at };
    case 'rev':
      return { verb: doozerVerbs.REV };
    case 'wait':
      return { verb: doozerVerbs.WAIT, path: asked.glob, rev: asked.from };
  }
}

const isWrite = ({ kind }: Asked): boolean => kind === 'set' || kind === 'delete' || kind === 'nop';

const nobody = (asked: Asked): Told =>
  isWrite(asked)
    ? { kind: 'unknown', code: 'ERR_OUTCOME_UNKNOWN' }
    : { kind: 'refused', code: 'ERR_UNREACHABLE' };

const codes: Readonly<Record<number, ErrorCode>> = {
  [doozerErrors.TOO_LATE]: 'ERR_COMPACTED',
  [doozerErrors.REV_MISMATCH]: 'ERR_REV_MISMATCH',
  [doozerErrors.BAD_PATH]: 'ERR_BAD_PATH',
  [doozerErrors.RANGE]: 'ERR_RANGE',
  [doozerErrors.NOTDIR]: 'ERR_NOT_DIRECTORY',
  [doozerErrors.ISDIR]: 'ERR_IS_DIRECTORY',
  [doozerErrors.NOENT]: 'ERR_NO_ENTRY',
};

function toldBy(asked: Single, response: DoozerResponse): Told {
  const { errCode, rev, value, len } = response;
  if (errCode !== null && errCode !== 0) {
    const code = codes[errCode];
    return code === undefined ? nobody(asked) : { kind: 'refused', code };
  }
  const body = textOf(value ?? noBytes);
  switch (asked.kind) {
    case 'set':
      return { kind: 'wrote', revision: rev };
    case 'delete':
    case 'nop':
      return { kind: 'wrote', revision: null };
    case 'get':
      return { kind: 'value', file: rev === 0 || rev === null ? null : { body, revision: rev } };
    case 'stat':
      return statOf(rev ?? 0, len ?? 0);
    case 'rev':
      return { kind: 'revision', revision: rev ?? 0 };
    case 'wait':
      return { kind: 'event', event: shownBy(response) };
  }
}

const directoryRev = -2;

function statOf(rev: number, len: number): Told {
  if (rev === directoryRev) return { kind: 'stat', what: 'directory', revision: 0, count: len };
  if (rev === 0) return { kind: 'stat', what: 'missing', revision: 0, count: 0 };
  return { kind: 'stat', what: 'file', revision: rev, count: len };
}

function shownBy({ path, value, rev, flags }: DoozerResponse): Shown {
  const kind = flags === doozerFlags.set ? 'set' : flags === doozerFlags.deleted ? 'delete' : 'nop';
  return { kind, path: path ?? '', body: textOf(value ?? noBytes), revision: rev ?? 0 };
}

/** Name by name, as clients of 2011 do. */
async function browse(line: Line, asked: Asked & { kind: 'list' | 'walk' }): Promise<Told> {
  const { at } = asked;
  const names: string[] = [];
  const files: { path: string; body: string; revision: number }[] = [];
  for (let offset = 0; ; offset++) {
    const response = await line.ask(
      asked.kind === 'list'
        ? { verb: doozerVerbs.GETDIR, path: asked.path, rev: at, offset }
        : { verb: doozerVerbs.WALK, path: asked.glob, rev: at, offset },
    );
    if (response === null) return nobody(asked);
    const { errCode, path, value, rev: revision } = response;
    if (errCode === doozerErrors.RANGE) break;
    if (errCode !== null && errCode !== 0) {
      return { kind: 'refused', code: codes[errCode] ?? 'ERR_UNREACHABLE' };
    }
    names.push(path ?? '');
    files.push({ path: path ?? '', body: textOf(value ?? noBytes), revision: revision ?? 0 });
  }
  return asked.kind === 'list' ? { kind: 'names', names } : { kind: 'files', files };
}
