import { expect } from 'vitest';
import type { NodeId } from '../../src/base/index.ts';
import { digestText, type Event, type View } from '../../src/tree/index.ts';

/** What is true of the one history that all nodes tell. */
export class Judge {
  readonly #digests = new Map<number, string>();
  readonly events = new Map<number, string>();
  readonly #members = { index: 0, view: null as View | null };
  /** Revision that everything which begins from now on must see. */
  floor = 0;

  sees(view: View): void {
    const { appliedIndex } = view;
    const digest = digestText(view);
    const known = this.#digests.get(appliedIndex) ?? digest;
    expect(digest, `T2: equal index ${appliedIndex}, equal digest`).toBe(known);
    this.#digests.set(appliedIndex, digest);
    if (appliedIndex > this.#members.index) {
      this.#members.index = appliedIndex;
      this.#members.view = view;
    }
  }

  happened({ revision: at, path, body, kind }: Event): void {
    const text = `${kind} ${path} ${Buffer.from(body).toString()}`;
    expect(text, `one event at revision ${at}`).toBe(this.events.get(at) ?? text);
    this.events.set(at, text);
  }

  /** Voters as of the newest state that any node has applied. */
  voters(): readonly NodeId[] {
    return this.#members.view?.membershipInForce.voters ?? [];
  }

  /** Is it a member as of the newest state that any node has applied? */
  isCommittedMember(id: NodeId): boolean {
    const view = this.#members.view;
    if (view === null) return false;
    return view.membership.addresses.has(id) || view.membershipInForce.addresses.has(id);
  }
}
