// Links between nodes of one process. Frames travel as bytes, so nothing is shared by accident.
import type { BootNumber, NodeId } from '../../src/base/index.ts';
import type { Clock, PeerEvents, PeerLinks } from '../../src/ports/index.ts';
import { decodePeerFrame, encodePeerFrame, type PeerFrame } from '../../src/protocol/index.ts';

type End = { readonly boot: BootNumber; readonly events: PeerEvents };
/** What happens to a frame: how often it arrives, and after how many rounds. */
export type Fate = { readonly copies: number; readonly delayRounds: number };
export type Rule = (from: NodeId, to: NodeId, frame: PeerFrame) => Fate | null;

const usual: Fate = { copies: 1, delayRounds: 0 };

export class Switchboard {
  readonly #clock: Clock;
  readonly #ends = new Map<NodeId, End>();
  readonly #cut = new Set<string>();
  /** What is done to frames; the first that says something decides. */
  readonly rules: Rule[] = [];
  /** Frames are noted in `sent`, for tests that look at traffic. */
  recording = false;
  readonly sent: { readonly from: NodeId; readonly to: NodeId; readonly frame: PeerFrame }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  links(self: NodeId, boot: BootNumber): PeerLinks & { readonly peers: () => NodeId[] } {
    let peers: NodeId[] = [];
    return {
      start: (events) => {
        this.#ends.set(self, { boot, events });
      },
      setPeers: (addresses) => {
        peers = [...addresses.keys()];
      },
      peers: () => peers,
      send: (to, frame) => this.#send(self, boot, to, frame),
      unsentBytes: () => 0,
      stop: async () => this.unplug(self),
    };
  }

  /** Its process is gone: its links close. */
  unplug(id: NodeId): void {
    if (!this.#ends.delete(id)) return;
    for (const { events } of this.#ends.values()) events.closed(id);
  }

  /** The link between them closes; both hear of it, and another is there at once. */
  close(a: NodeId, b: NodeId): void {
    this.#ends.get(a)?.events.closed(b);
    this.#ends.get(b)?.events.closed(a);
  }

  /** Nothing passes between them, and neither hears of it. */
  cut(a: NodeId, b: NodeId): void {
    this.#cut.add(`${a} ${b}`);
    this.#cut.add(`${b} ${a}`);
  }

  /** It hears nobody and nobody hears it, as if it were stopped. */
  isolate(id: NodeId, others: Iterable<NodeId>): void {
    for (const other of others) if (other !== id) this.cut(id, other);
  }

  heal(): void {
    this.#cut.clear();
  }

  #send(from: NodeId, boot: BootNumber, to: NodeId, frame: PeerFrame): void {
    if (this.#ends.get(from)?.boot !== boot) return;
    if (this.recording) this.sent.push({ from, to, frame });
    const bytes = encodePeerFrame(frame);
    let fate = usual;
    for (const rule of this.rules) {
      const ruled = rule(from, to, frame);
      if (ruled === null) continue;
      fate = ruled;
      break;
    }
    const { copies, delayRounds } = fate;
    for (let i = 0; i < copies; i++) this.#deliver(from, boot, to, bytes.slice(), delayRounds);
  }

  #deliver(from: NodeId, boot: BootNumber, to: NodeId, bytes: Uint8Array, rounds: number): void {
    this.#clock.soon(() => {
      if (rounds > 0) return this.#deliver(from, boot, to, bytes, rounds - 1);
      if (this.#cut.has(`${from} ${to}`)) return;
      this.#ends.get(to)?.events.frame(from, boot, decodePeerFrame(bytes));
    });
  }
}
