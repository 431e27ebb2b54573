import { textOf } from '../../base/index.ts';
import type { Client, Event } from '../../client/index.ts';
import type { Asked, Operation, Shown, Told } from '../history.ts';
import type { Process } from '../process.ts';
import { type Desk, sleep, toldOf } from './desk.ts';
import type { Errand } from './errands.ts';

export const shown = ({ kind, path, body, revision }: Event): Shown => ({
  kind,
  path,
  body: textOf(body),
  revision,
});

/** Does its errands one after the other through the library, as a program would. */
export async function runErrands(
  desk: Desk,
  client: Client,
  process: Process,
  errands: Iterable<Errand>,
): Promise<void> {
  for (const errand of errands) {
    await sleep(process, errand.pauseMs);
    const asked = desk.request(errand);
    const operation = desk.history.began(desk.name, asked);
    const patience = new AbortController();
    // A wait may have nothing to wait for.
    const patienceMs = errand.patienceMs ?? (asked.kind === 'wait' ? 1500 : null);
    const timer = patienceMs === null ? null : process.after(patienceMs, () => patience.abort());
    const told = await ask(client, asked, patience.signal).catch(toldOf);
    timer?.cancel();
    finish(desk, operation, told);
  }
}

export function finish(desk: Desk, operation: Operation, told: Told): void {
  desk.history.ended(operation, told);
  desk.ended(operation.asked, told);
}

async function ask(client: Client, asked: Asked, signal: AbortSignal): Promise<Told> {
  switch (asked.kind) {
    case 'set': {
      const revision = await client.set(asked.path, asked.body, asked.guard, { signal });
      return { kind: 'wrote', revision };
    }
    case 'delete':
      return { kind: 'wrote', revision: await client.delete(asked.path, asked.guard, { signal }) };
    case 'nop':
      return { kind: 'wrote', revision: await client.nop({ signal }) };
    case 'get': {
      const file = await client.get(asked.path, { signal, ...at(asked.at) });
      if (file === null) return { kind: 'value', file };
      return { kind: 'value', file: { body: textOf(file.body), revision: file.revision } };
    }
    case 'stat':
      return statOf(await client.stat(asked.path, { signal, ...at(asked.at) }));
    case 'list': {
      const names: string[] = [];
      for await (const name of client.list(asked.path, { signal, ...at(asked.at) }))
        names.push(name);
      return { kind: 'names', names };
    }
    case 'walk': {
      const files: { path: string; body: string; revision: number }[] = [];
      for await (const { path, body, revision } of client.walk(asked.glob, {
        signal,
        ...at(asked.at),
      })) {
        files.push({ path, body: textOf(body), revision });
      }
      return { kind: 'files', files };
    }
    case 'rev':
      return { kind: 'revision', revision: await client.rev({ signal }) };
    case 'wait':
      return { kind: 'event', event: shown(await client.wait(asked.glob, asked.from, { signal })) };
    default:
      throw new TypeError(`the library knows no ${asked.kind}`);
  }
}

const at = (revision: number | null) => (revision === null ? {} : { revision });

function statOf(stat: Awaited<ReturnType<Client['stat']>>): Told {
  if (stat === null) return { kind: 'stat', what: 'missing', revision: 0, count: 0 };
  return stat.kind === 'file'
    ? { kind: 'stat', what: 'file', revision: stat.revision, count: stat.size }
    : { kind: 'stat', what: 'directory', revision: 0, count: stat.count };
}
