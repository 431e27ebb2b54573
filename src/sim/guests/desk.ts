import { ClusterError } from '../../base/index.ts';
import type { Asked, History, Told } from '../history.ts';
import type { Process } from '../process.ts';
import { Deals } from './deals.ts';
import type { Errand } from './errands.ts';

export const hotPaths = ['/hot/a', '/hot/b', '/hot/deep/c', '/hot'] as const;

/** What one guest knows, and how it turns errands into requests. */
export class Desk {
  readonly name: string;
  readonly history: History;
  #n = 0;
  /** The last revision it saw of each path. */
  readonly #known = new Map<string, number>();
  readonly #mine: string[] = [];
  readonly #deals: Deals;
  /** The highest revision it was told of. */
  seen = 0;

  constructor(name: string, history: History) {
    this.name = name;
    this.history = history;
    this.#deals = new Deals({
      name,
      history,
      body: (bulk) => this.#body(bulk),
      known: (path) => this.#known.get(path) ?? 0,
    });
  }

  /** The request an errand stands for, from what this guest knows now. */
  request(errand: Errand): Asked {
    const asked = this.#deals.request(errand) ?? this.#plain(errand);
    this.#deals.begins(asked);
    return asked;
  }

  #plain({ verb, choice, bulk }: Errand): Asked {
    const hot = hotPaths[choice % 3] as string;
    const known = this.#known.get(hot) ?? 0;
    const past = this.seen < 2 ? null : Math.max(1, this.seen - (choice % 40));
    switch (verb) {
      case 'create': {
        const path = `/new/${this.name}/${this.#n}`;
        this.#mine.push(path);
        return { kind: 'set', path, body: this.#body(bulk), guard: choice % 2 === 0 ? 0 : -1 };
      }
      case 'overwrite': {
        // Now and then where a directory is, or below a file: the tree refuses.
        const path = choice % 23 === 0 ? '/hot' : choice % 29 === 0 ? '/hot/a/below' : hot;
        return { kind: 'set', path, body: this.#body(bulk), guard: -1 };
      }
      case 'exchange':
        return { kind: 'set', path: hot, body: this.#body(bulk), guard: known };
      case 'delete': {
        const mine = this.#mine[choice % Math.max(1, this.#mine.length)];
        const path = choice % 3 > 0 && mine !== undefined ? mine : hot;
        return { kind: 'delete', path, guard: choice % 5 === 0 ? known : -1 };
      }
      case 'nop':
        return { kind: 'nop' };
      case 'get':
        return { kind: 'get', path: this.#somewhere(choice), at: null };
      case 'getAt':
        return { kind: 'get', path: this.#somewhere(choice), at: past };
      case 'stat':
        return { kind: 'stat', path: this.#somewhere(choice), at: choice % 4 === 0 ? past : null };
      case 'list':
        return { kind: 'list', path: '/hot', at: choice % 4 === 0 ? past : null };
      case 'walk':
        return { kind: 'walk', glob: choice % 3 === 0 ? '/new/*/*' : '/hot/**', at: null };
      case 'rev':
        return { kind: 'rev' };
      case 'wait':
        return {
          kind: 'wait',
          glob: choice % 3 === 0 ? hot : '/hot/**',
          from: Math.max(1, this.seen - (choice % 20)),
        };
      case 'near':
        return this.#near(choice);
      default:
        throw new TypeError(`${verb} is no errand of 2011`);
    }
  }

  /** A read of one node alone. */
  #near(choice: number): Asked {
    const least = choice % 3 === 0 ? 0 : this.seen;
    const path = this.#somewhere(choice >>> 2);
    switch (choice % 5) {
      case 0:
        return { kind: 'stat', path, at: null, least };
      case 1:
        return { kind: 'list', path: '/hot', at: null, least };
      case 2:
        return { kind: 'walk', glob: '/hot/**', at: null, least };
      default:
        return { kind: 'get', path, at: null, least };
    }
  }

  /** What it was told, also for its next requests. */
  ended(asked: Asked, told: Told): void {
    this.#deals.ended(asked, told);
    if (told.kind === 'created' || told.kind === 'counted' || told.kind === 'decided') {
      this.seen = Math.max(this.seen, told.revision);
    } else if (told.kind === 'wrote') {
      const at = told.revision ?? 0;
      this.seen = Math.max(this.seen, at);
      if (asked.kind === 'set') this.#known.set(asked.path, at);
      if (asked.kind === 'delete') this.#known.delete(asked.path);
    } else if (told.kind === 'value' && asked.kind === 'get' && isNewest(asked)) {
      if (told.file === null) this.#known.delete(asked.path);
      else this.#known.set(asked.path, told.file.revision);
      this.seen = Math.max(this.seen, told.file?.revision ?? 0);
    } else if (told.kind === 'revision') {
      this.seen = Math.max(this.seen, told.revision);
    } else if (told.kind === 'event') {
      this.seen = Math.max(this.seen, told.event.revision);
    }
  }

  #body(bulk: number): string {
    return `${this.name}.${this.#n++}${bulk === 0 ? '' : ` ${'x'.repeat(bulk)}`}`;
  }

  #somewhere(choice: number): string {
    const mine = this.#mine[choice % Math.max(1, this.#mine.length)];
    if (choice % 3 === 0 && mine !== undefined) return mine;
    return hotPaths[choice % hotPaths.length] as string;
  }
}

const isNewest = ({
  at,
  least,
}: {
  readonly at: number | null;
  readonly least?: number;
}): boolean => at === null && least === undefined;

/** How an error counts: as certainly without effect, or as not known. Anything else is a bug. */
export function toldOf(error: unknown): Told {
  if (!(error instanceof ClusterError)) throw error;
  const { code, effect } = error;
  return effect === 'none' ? { kind: 'refused', code } : { kind: 'unknown', code };
}

export const sleep = (process: Process, ms: number): Promise<void> =>
  new Promise((resolve) => process.after(ms, resolve));
