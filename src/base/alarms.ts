import { limits } from './limits.ts';

/** Something that a person has to look at, for as long as it is so. */
export type Alarm = {
  /** One word with hyphens, such as `disk-full`: what metrics and scripts go by. */
  readonly name: string;
  /** What is the matter, with its values. */
  readonly cause: string;
  /** What to do next: a command where there is one. */
  readonly next: string;
};

/** Told when an alarm begins, changes its cause, or ends. */
export type AlarmListener = (alarm: Alarm, state: 'raised' | 'cleared') => void;

/**
 * What is the matter with one node, in one place: status, metrics, log and web page show what stands here.
 * One alarm a name; at most `limits.alarmsMax` names, further ones are only told to the listener.
 */
export class Alarms {
  readonly #listener: AlarmListener;
  readonly #standing = new Map<string, Alarm>();

  constructor(listener: AlarmListener = () => undefined) {
    this.#listener = listener;
  }

  get standing(): readonly Alarm[] {
    return [...this.#standing.values()];
  }

  /** Nothing happens when it stands already with the same cause. */
  raise(alarm: Alarm): void {
    if (this.#standing.get(alarm.name)?.cause === alarm.cause) return;
    if (this.#standing.has(alarm.name) || this.#standing.size < limits.alarmsMax) {
      this.#standing.set(alarm.name, alarm);
    }
    this.#listener(alarm, 'raised');
  }

  clear(name: string): void {
    const alarm = this.#standing.get(name);
    if (alarm === undefined) return;
    this.#standing.delete(name);
    this.#listener(alarm, 'cleared');
  }

  /** Of the names in `kinds` exactly those in `alarms` stand afterwards. */
  settle(kinds: Iterable<string>, alarms: readonly Alarm[]): void {
    const names = new Set(alarms.map(({ name }) => name));
    for (const kind of kinds) if (!names.has(kind)) this.clear(kind);
    for (const alarm of alarms) this.raise(alarm);
  }
}
