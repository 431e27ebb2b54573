import type { InSession, NativeReply, NativeRequest } from '../protocol/client/index.ts';
import { aTime } from './arguments.ts';
import { Call, type CallParts, type CallPlan, type SentAt } from './call.ts';
import { RevisionFloor } from './floor.ts';
import type { CallOptions } from './types.ts';
import type { Nature } from './verdict.ts';

export type Reply<Kind extends NativeReply['kind']> = Extract<NativeReply, { kind: Kind }>;

/** A request of a kind, and what is to be read from its answer. */
export type Question<T> = {
  readonly action: string;
  readonly options: CallOptions;
  readonly request: (tag: number, inSession: InSession) => NativeRequest;
  readonly read: (reply: NativeReply, sent: SentAt) => T | null;
  /** Bytes to send, about. Default: few. */
  readonly size?: number;
};

/** What all requests of a client have in common: its patience, and what it has seen. */
export class Caller {
  readonly floor = new RevisionFloor();
  readonly #parts: CallParts;
  readonly #timeoutMs: number;

  constructor(parts: CallParts, timeoutMs: number) {
    this.#parts = parts;
    this.#timeoutMs = timeoutMs;
  }

  call<T>(nature: Nature, question: Question<T>): Promise<T> {
    const { options, size = 0, ...rest } = question;
    return this.start({ ...rest, nature, size, timeoutMs: this.timeOf(options) }, options);
  }

  start<T>(plan: CallPlan<T>, { signal }: { readonly signal?: AbortSignal }): Promise<T> {
    return new Call(this.#parts, plan, signal ?? null).start();
  }

  timeOf({ timeoutMs }: CallOptions): number {
    return timeoutMs === undefined ? this.#timeoutMs : aTime(timeoutMs, 'timeoutMs');
  }
}

export const isKind =
  <Kind extends NativeReply['kind']>(kind: Kind) =>
  (reply: NativeReply): Reply<Kind> | null =>
    reply.kind === kind ? (reply as Reply<Kind>) : null;
