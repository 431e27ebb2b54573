import type { NativeRequest } from '../protocol/client/index.ts';
import { doozerVerbs } from '../protocol/doozer/index.ts';

export type NativeVerb = NativeRequest['kind'];
export type DoozerVerb = keyof typeof doozerVerbs | 'other';

/** What the guests of a server asked for so far, by protocol and verb. To count one is one addition. */
export class RequestCounts {
  readonly native: { [Verb in NativeVerb]?: number } = {};
  readonly #doozer = new Map<number, number>();

  countNative(verb: NativeVerb): void {
    this.native[verb] = (this.native[verb] ?? 0) + 1;
  }

  /** Verbs that do not exist count as one. */
  countDoozer(verb: number | null): void {
    const known = verb !== null && knownVerbs.has(verb) ? verb : -1;
    this.#doozer.set(known, (this.#doozer.get(known) ?? 0) + 1);
  }

  get doozer(): readonly (readonly [DoozerVerb, number])[] {
    return [...this.#doozer].map(([verb, count]) => [knownVerbs.get(verb) ?? 'other', count]);
  }
}

const knownVerbs: ReadonlyMap<number, DoozerVerb> = new Map(
  Object.entries(doozerVerbs).map(([name, verb]) => [verb, name as DoozerVerb]),
);
