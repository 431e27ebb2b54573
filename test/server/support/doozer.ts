import { textOf, utf8 } from '../../../src/base/index.ts';
import {
  type DoozerRequest,
  type DoozerResponse,
  doozerErrors,
  doozerVerbs,
  emptyDoozerRequest,
} from '../../../src/protocol/doozer/index.ts';
import { type DoozerSession, Server, type ServerLimits } from '../../../src/server/index.ts';
import { FakeNode } from './fake-node.ts';
import { StillClock, silentLogger } from './silent.ts';

export type Asked = {
  readonly tag?: number;
  readonly path?: string;
  readonly value?: string | Uint8Array;
  readonly offset?: number;
  readonly rev?: number;
};

export const request = (verb: keyof typeof doozerVerbs | null, asked: Asked): DoozerRequest => ({
  ...emptyDoozerRequest,
  verb: verb === null ? null : doozerVerbs[verb],
  tag: asked.tag ?? null,
  path: asked.path ?? null,
  value: typeof asked.value === 'string' ? utf8(asked.value) : (asked.value ?? null),
  offset: asked.offset ?? null,
  rev: asked.rev ?? null,
});

/** The fields that are there, in the order of the wire: `tag=1 rev=3 value="x"`. */
export function describe(response: DoozerResponse): string {
  const { tag, flags, rev, path, value, len, errCode, errDetail } = response;
  const name = Object.entries(doozerErrors).find(([, code]) => code === errCode)?.[0];
  const fields = [
    tag !== null && `tag=${tag}`,
    flags !== null && `flags=${flags}`,
    rev !== null && `rev=${rev}`,
    path !== null && `path=${path}`,
    value !== null && `value=${JSON.stringify(textOf(value))}`,
    len !== null && `len=${len}`,
    errCode !== null && name,
    errDetail !== null && JSON.stringify(errDetail),
  ];
  return fields.filter((field) => field !== false).join(' ') || 'empty';
}

/** A session over a fake node, and what it answered. */
export class Conversation {
  readonly node = new FakeNode();
  readonly clock = new StillClock();
  readonly server: Server;
  readonly session: DoozerSession;
  readonly answers: string[] = [];
  room = 0;

  constructor(options: { rw?: string; ro?: string; limits?: Partial<ServerLimits> } = {}) {
    this.server = new Server({
      node: this.node,
      clock: this.clock,
      logger: silentLogger,
      secrets: { rw: options.rw ?? '', ro: options.ro ?? '' },
      about: { address: () => '127.0.0.1:8046', version: 'test' },
      limits: options.limits ?? {},
    });
    this.session = this.server.openDoozer(
      {
        answer: (response) => this.answers.push(describe(response)),
        drop: (reason) => this.answers.push(`dropped: ${reason}`),
      },
      () => {
        this.room += 1;
      },
    );
  }

  /** Sends one request; the answers it has brought so far. */
  ask(verb: keyof typeof doozerVerbs | null, asked: Asked = {}): string {
    const before = this.answers.length;
    this.session.handle(request(verb, asked));
    return this.answers.slice(before).join(' | ') || 'nothing';
  }
}
