/** One beat of a link's own time. */
export const beatMs = 250;

/** After two seconds in which nothing was heard a ping goes out; two unanswered ones are enough. */
const idlePingBeats = [8, 11];
const idleDeadBeats = 14;
/** With a request open the link is asked sooner, and given up when that has no answer either. */
const promptPingBeats = 2;
const promptDeadBeats = 6;

/**
 * Tells a dead link from a quiet one. A stopped process keeps its sockets open, and a cut cable closes
 * none, so only answers prove life.
 *
 * Time is counted in beats and not read off a clock: a stall of our own is one late beat, and what came
 * meanwhile is heard before the next one. So it never speaks against the node.
 */
export class Liveness {
  #quietBeats = 0;
  /** Of the quiet beats, those with a request open that should have been answered. */
  #owedBeats = 0;

  /** Something came. */
  heard(): void {
    this.#quietBeats = 0;
    this.#owedBeats = 0;
  }

  /** A beat passed; `owed`: requests are open that a node answers promptly. */
  beat(owed: boolean): 'fine' | 'ping' | 'dead' {
    this.#quietBeats += 1;
    this.#owedBeats = owed ? this.#owedBeats + 1 : 0;
    if (this.#owedBeats >= promptDeadBeats || this.#quietBeats >= idleDeadBeats) return 'dead';
    const due = idlePingBeats.includes(this.#quietBeats) || this.#owedBeats === promptPingBeats;
    return due ? 'ping' : 'fine';
  }
}
