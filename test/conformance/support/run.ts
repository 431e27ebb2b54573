// Puts one case to one node, and says what was not as it should be.
import type { Case, Step } from './cases.ts';
import { replyIn, requestsIn } from './reading.ts';
import { type Bound, fill, match, say } from './template.ts';
import type { Wire } from './wire.ts';

/** Asked at the end of a case: what comes before its answer came unasked. */
const probe = { send: '{len} 08ffffffff07 1014', reply: '{len} 08ffffffff07 32 10 {ID:16}' };

/** @returns `null`, or what was wrong, with file and line. */
export async function runCase(item: Case, dial: () => Promise<Wire>): Promise<string | null> {
  const run = new Run(dial);
  let at = item.line;
  try {
    for (const group of grouped(item.steps)) {
      at = group[0]?.line ?? at;
      await run.take(group);
    }
    at = item.line;
    await run.nothingMore();
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${item.file}:${at}: ${item.name} (${item.see}): ${why}`;
  } finally {
    run.close();
  }
}

/** Neighbouring steps whose answers may come in any order, together; every other one alone. */
function grouped(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1)?.[0];
    const together =
      step.kind === 'receiveAny' &&
      last?.kind === 'receiveAny' &&
      last.connection === step.connection;
    if (together) groups.at(-1)?.push(step);
    else groups.push([step]);
  }
  return groups;
}

class Run {
  readonly #dial: () => Promise<Wire>;
  readonly #wires = new Map<'a' | 'b', Wire>();
  #bound: Bound = new Map();

  constructor(dial: () => Promise<Wire>) {
    this.#dial = dial;
  }

  async take(group: readonly Step[]): Promise<void> {
    const [step] = group;
    if (step === undefined) return;
    const wire = await this.#wire(step.connection);
    switch (step.kind) {
      case 'send':
        return this.#send(wire, step);
      case 'receive':
      case 'receiveAny':
        return await this.#receive(wire, group);
      case 'closed':
        this.#wires.delete(step.connection);
        return await endsSilently(wire);
    }
  }

  async nothingMore(): Promise<void> {
    for (const wire of this.#wires.values()) {
      wire.write(fill(probe.send, this.#bound));
      const frame = await wire.frame();
      const bound = new Map([...this.#bound].filter(([name]) => name !== 'ID'));
      if (match(probe.reply, frame, bound) === null) {
        throw new Error(`at the end came, unasked, ${replyIn(frame)}`);
      }
    }
  }

  close(): void {
    for (const wire of this.#wires.values()) wire.close();
  }

  async #wire(connection: 'a' | 'b'): Promise<Wire> {
    const open = this.#wires.get(connection);
    if (open !== undefined) return open;
    const wire = await this.#dial();
    this.#wires.set(connection, wire);
    return wire;
  }

  #send(wire: Wire, step: Step): void {
    const bytes = fill(step.bytes, this.#bound);
    if (step.reads !== null)
      same('the bytes sent', requestsIn(bytes), say(step.reads, this.#bound));
    wire.write(bytes);
  }

  async #receive(wire: Wire, group: readonly Step[]): Promise<void> {
    const left = [...group];
    while (left.length > 0) {
      const frame = await wire.frame();
      const at = left.findIndex((step) => match(step.bytes, frame, this.#bound) !== null);
      const [step] = at === -1 ? [] : left.splice(at, 1);
      const bound = step === undefined ? null : match(step.bytes, frame, this.#bound);
      if (step === undefined || bound === null) {
        const wanted = left.map((one) => `${one.bytes} ; ${one.reads}`).join(' or ');
        throw new Error(`came ${hexOf(frame)} ; ${replyIn(frame)}, not ${wanted}`);
      }
      this.#bound = bound;
      if (step.reads !== null) same('the reply', replyIn(frame), say(step.reads, bound));
    }
  }
}

async function endsSilently(wire: Wire): Promise<void> {
  const rest = await wire.end();
  if (rest.length > 0) throw new Error(`before the end came ${hexOf(rest)}`);
}

function same(what: string, reads: string, said: string): void {
  if (reads !== said) throw new Error(`${what} read ${reads}, the case says ${said}`);
}

const shownBytesMax = 120;
const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(0, shownBytesMax)).toString('hex');
