import { limits } from '../base/index.ts';
import type { InSession, NativeRequest } from '../protocol/client/index.ts';
import { aBody, aText, aWhole, tooLarge } from './arguments.ts';
import { type Caller, isKind } from './caller.ts';
import { heldLease, type LeaseOptions } from './lease.ts';
import {
  checkTransaction,
  type Decision,
  decisionOf,
  type Operation,
  type Transaction,
} from './transaction.ts';
import type { CallOptions, Counted, CountOptions, Created } from './types.ts';

/** What a frame needs beside path and body. */
const frameOverheadBytes = 1024;

/** Everything that changes files, each under a number of the client's session. */
export class Writes {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  set(
    path: string,
    body: Uint8Array | string,
    guard: number,
    options: LeaseOptions,
  ): Promise<number> {
    const action = `Cannot set ${aText(path, 'path')}`;
    const bytes = aBody(body);
    const rev = aWhole(guard, 'guard');
    const size = sizeOf(action, path, bytes);
    const lease = heldLease(action, options.lease);
    return this.#revision(action, options, size, (tag, inSession) => ({
      kind: 'set',
      tag,
      path,
      body: bytes,
      rev,
      lease,
      ...inSession,
    }));
  }

  delete(path: string, guard: number, options: CallOptions): Promise<number> {
    const action = `Cannot delete ${aText(path, 'path')}`;
    const rev = aWhole(guard, 'guard');
    return this.#revision(action, options, path.length, (tag, inSession) => ({
      kind: 'delete',
      tag,
      path,
      rev,
      ...inSession,
    }));
  }

  nop(options: CallOptions): Promise<number> {
    return this.#revision('Cannot take a revision', options, 0, (tag, inSession) => ({
      kind: 'nop',
      tag,
      ...inSession,
    }));
  }

  async create(prefix: string, body: Uint8Array | string, options: LeaseOptions): Promise<Created> {
    const action = `Cannot create ${aText(prefix, 'prefix')}`;
    const bytes = aBody(body);
    const size = sizeOf(action, prefix, bytes);
    const lease = heldLease(action, options.lease);
    const { path, revision } = await this.#caller.call('session', {
      action,
      options,
      size,
      request: (tag, inSession) => ({
        kind: 'create',
        tag,
        prefix,
        body: bytes,
        lease,
        ...inSession,
      }),
      read: isKind('created'),
    });
    this.#caller.floor.seen(revision);
    return { path, revision };
  }

  async count(path: string, delta: number, options: CountOptions): Promise<Counted> {
    const action = `Cannot count ${aText(path, 'path')}`;
    aWhole(delta, 'delta');
    const rev = aWhole(options.guard ?? -1, 'guard');
    const { revision, value } = await this.#caller.call('session', {
      action,
      options,
      size: path.length,
      request: (tag, inSession) => ({ kind: 'count', tag, path, delta, rev, ...inSession }),
      read: isKind('counted'),
    });
    this.#caller.floor.seen(revision);
    return { value, revision };
  }

  async transact<T extends readonly Operation[], F extends readonly Operation[]>(
    transaction: Transaction<T, F>,
    options: CallOptions,
  ): Promise<Decision<T, F>> {
    const action = 'Cannot transact';
    const { bytes, ...branches } = checkTransaction(action, transaction);
    const decision = await this.#caller.call('session', {
      action,
      options,
      size: bytes + frameOverheadBytes,
      request: (tag, inSession) => ({ kind: 'transact', tag, ...branches, ...inSession }),
      read: (reply) => (reply.kind === 'decided' ? decisionOf(branches, reply) : null),
    });
    this.#caller.floor.seen(decision.revision);
    return decision as Decision<T, F>;
  }

  async #revision(
    action: string,
    options: CallOptions,
    size: number,
    request: (tag: number, inSession: InSession) => NativeRequest,
  ): Promise<number> {
    const read = isKind('revision');
    const { revision } = await this.#caller.call('session', {
      action,
      options,
      size,
      request,
      read,
    });
    this.#caller.floor.seen(revision);
    return revision;
  }
}

function sizeOf(action: string, path: string, bytes: Uint8Array): number {
  const size = bytes.length + path.length * 3 + frameOverheadBytes;
  if (size <= limits.frameBytesMax / 2) return size;
  throw tooLarge(action, `${bytes.length} bytes fit no message`);
}
