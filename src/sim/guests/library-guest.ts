import type { Client, Lease } from '../../client/index.ts';
import type { Operation, Told } from '../history.ts';
import type { Process } from '../process.ts';
import { type Desk, sleep, toldOf } from './desk.ts';
import { cutOf, type Errand } from './errands.ts';
import { ask } from './library-asks.ts';

/**
 * Does its errands one after the other through the library, as a program would.
 *
 * @param cutOff  takes its connections away, for so many ms.
 */
export async function runErrands(
  desk: Desk,
  client: Client,
  process: Process,
  errands: Iterable<Errand>,
  cutOff: (forMs: number) => void,
): Promise<void> {
  const { name: guest, history } = desk;
  const leases = new Map<number, Lease>();
  for (const errand of errands) {
    await sleep(process, errand.pauseMs);
    const asked = desk.request(errand);
    const operation = history.began(guest, asked);
    const patience = new AbortController();
    // A wait may have nothing to wait for.
    const patienceMs = errand.patienceMs ?? (asked.kind === 'wait' ? 1500 : null);
    const timer = patienceMs === null ? null : process.after(patienceMs, () => patience.abort());
    const cut = cutOf(errand);
    if (cut !== null) process.after(cut.afterMs, () => cutOff(cut.forMs));
    const asking = { guest, client, history, leases, signal: patience.signal };
    const told = await ask(asking, asked).catch(toldOf);
    timer?.cancel();
    finish(desk, operation, told);
    // As a program that asks itself whether it still holds them.
    for (const id of leases.keys()) history.holders.get(id)?.sign();
  }
}

export function finish(desk: Desk, operation: Operation, told: Told): void {
  desk.history.ended(operation, told);
  desk.ended(operation.asked, told);
}
