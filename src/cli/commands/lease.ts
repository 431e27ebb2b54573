import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError, limits } from '../../base/index.ts';
import type { Client } from '../../client/index.ts';
import { statusOfSignal } from '../child.ts';
import { Complaint, status } from '../complaint.ts';
import { durationText, parseDuration } from '../durations.ts';
import type { EndingSignal } from '../signals.ts';
import { parseLease, type Verb, type VerbContext } from '../verb.ts';

/** Signs of life in one length: one may be late, and the next as well. */
const signsPerLength = 3;
/** After a sign of life that nobody answered. */
const pauseMs = 200;

type Act = (context: VerbContext, word: string) => Promise<number>;

const acts: Readonly<Record<string, Act>> = {
  grant: async ({ connect, print }, word) => {
    const lengthMs = lengthArgument(word);
    const client = await connect();
    const { id } = await client.grant(lengthMs, { keep: false });
    await print(`${id}\n`, { lease: id, lengthMs });
    return status.done;
  },
  keep: async (context, word) => {
    const id = leaseArgument(word);
    return keep(context, id);
  },
  revoke: async ({ connect }, word) => {
    const id = leaseArgument(word);
    const client = await connect();
    await client.revoke(id).catch(notThere);
    return status.done;
  },
  show: async ({ connect, print }, word) => {
    const id = leaseArgument(word);
    const client = await connect();
    const report = await client.lease(id);
    if (report === null) throw noSuchLease(id);
    const { leftMs, lengthMs, paths } = report;
    const lines = [`length ${lengthMs}ms`, `left ${Math.floor(leftMs)}ms`, ...paths];
    const json = { lease: id, lengthMs, leftMs: Math.floor(leftMs), paths };
    await print(lines.map((line) => `${line}\n`).join(''), json);
    return status.done;
  },
};

export const lease: Verb = {
  name: 'lease',
  args: ['act', 'word'],
  words: { act: Object.keys(acts) },
  usage: 'grant <length> | keep <id> | revoke <id> | show <id>',
  summary: 'grant, keep alive, end or show a lease',
  help: `Files that were written with a lease (-lease with add and set, or in a transaction) are deleted when it ends:
when nobody gave a sign of life for its length, or it was revoked.

  grant <length>  grants one that outlives each sign of life by <length>, 1s to 24h, and prints its id
  keep <id>       gives signs of life until it is interrupted, and leaves the lease to itself then; status 1 when
                  the lease has ended meanwhile
  revoke <id>     ends it, and deletes its files
  show <id>       prints its length, how much of that is left, and the paths of its files, one a line

A lease that is not there: status 1. With -json: {"lease": ID, "lengthMs": MS} of grant, and "leftMs" and "paths" of show.

  id=$(doozer lease grant 30s)
  doozer -lease $id add /services/web <address
  doozer lease keep $id`,
  run: async (context, [act = '', word = '']) => {
    const run = Object.hasOwn(acts, act) ? acts[act] : undefined;
    if (run !== undefined) return run(context, word);
    throw new Complaint(
      `doozer: lease has no "${act}"; there are grant, keep, revoke and show`,
      status.usage,
    );
  },
};

/** Until a signal, or the end of the lease. */
async function keep({ connect, terminal }: VerbContext, id: number): Promise<number> {
  const stop = new AbortController();
  let signalled: EndingSignal = 'SIGINT';
  const untake = terminal.takeSignals((signal) => {
    signalled = signal;
    stop.abort();
  });
  const { signal } = stop;
  try {
    const client = await connect(signal);
    const report = await client.lease(id, { signal });
    if (report === null) throw noSuchLease(id);
    while (true) {
      const leftMs = await signOfLife(client, id, signal);
      const restMs = leftMs === null ? pauseMs : report.lengthMs / signsPerLength;
      await sleep(restMs, null, { signal });
    }
  } catch (error) {
    if (signal.aborted) return statusOfSignal(signalled);
    throw error;
  } finally {
    untake();
  }
}

/** How long it lasts; `null`: nobody answered, which may pass. */
async function signOfLife(client: Client, id: number, signal: AbortSignal): Promise<number | null> {
  try {
    const leftMs = await client.renew(id, { signal });
    if (leftMs === null) throw noSuchLease(id);
    return leftMs;
  } catch (error) {
    const mayPass = error instanceof ClusterError && error.retry !== 'never';
    if (signal.aborted || !mayPass) throw error;
    return null;
  }
}

function lengthArgument(text: string): number {
  const ms = parseDuration(text);
  const { leaseLengthMsMax: max, leaseLengthMsMin: min } = limits;
  if (ms !== null && ms >= min && ms <= max) return Math.ceil(ms);
  throw new Complaint(
    `Error: invalid length "${text}": a duration from ${durationText(min)} to ${durationText(max)} is wanted, such as 30s`,
  );
}

function leaseArgument(text: string): number {
  const id = parseLease(text);
  if (id !== null) return id;
  throw new Complaint(`Error: invalid lease "${text}": a number above 0 is wanted`);
}

const noSuchLease = (id: number): Complaint =>
  new Complaint(`Error: lease ${id} is not there: it ended, or never was`, status.not);

function notThere(error: unknown): never {
  if (error instanceof ClusterError && error.code === 'ERR_NO_LEASE') {
    throw new Complaint(`Error: ${error.message}`, status.not);
  }
  throw error;
}
