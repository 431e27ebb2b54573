import { assert } from '../base/index.ts';
import type { Checksum } from '../ports/index.ts';
import type { Position } from '../raft/index.ts';
import { viewOf } from './fields.ts';
import { commitKind, putHead, type RecordHead, recordBytes, recordHeaderBytes } from './record.ts';

/** Bodies from here on go to the disk as they are; smaller ones are gathered, which is cheaper. */
const gatherBytesMax = 32 * 1024;
const stageBytes = 256 * 1024;
const nothing = new Uint8Array(0);

export type Sealed = {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  /** Checksum of the last record. */
  readonly chain: number;
};

/** The records of one sync, as few pieces for one write. Used again for the next: one at a time. */
export class Batch {
  readonly #checksum: Checksum;
  readonly #first = new Uint8Array(stageBytes);
  #parts: Uint8Array[] = [];
  #stage = this.#first;
  #view = viewOf(this.#first);
  /** In the stage: where the run that is no part yet begins, and where it ends. */
  #from = 0;
  #at = 0;
  #seed = 0;
  #sync = 0;
  #chain = 0;
  #bytes = 0;

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Bytes this batch will take with one more body of this length, and its commit. */
  bytesWith(bodyLength: number): number {
    return this.#bytes + recordBytes(bodyLength) + recordHeaderBytes;
  }

  begin(seed: number, sync: number, chain: number): void {
    this.#parts = [];
    this.#stage = this.#first;
    this.#view = viewOf(this.#first);
    this.#from = 0;
    this.#at = 0;
    this.#seed = seed;
    this.#sync = sync;
    this.#chain = chain;
    this.#bytes = 0;
  }

  add(head: RecordHead, body: Uint8Array = nothing): void {
    const total = recordBytes(body.length);
    const gathered = body.length < gatherBytesMax;
    this.#room(gathered ? total : recordHeaderBytes);
    const at = this.#at;
    putHead(this.#view, at, head, body.length, this.#sync, this.#chain);
    const bodyAt = at + recordHeaderBytes;
    if (gathered) {
      this.#stage.set(body, bodyAt);
      this.#stage.fill(0, bodyAt + body.length, at + total);
      this.#chain = this.#checksum(this.#stage.subarray(at + 4, bodyAt + body.length), this.#seed);
      this.#at = at + total;
    } else {
      const headSum = this.#checksum(this.#stage.subarray(at + 4, bodyAt), this.#seed);
      this.#chain = this.#checksum(body, headSum);
      this.#at = bodyAt;
      this.#flush();
      this.#parts.push(body);
      const padding = total - recordHeaderBytes - body.length;
      if (padding > 0) this.#parts.push(new Uint8Array(padding));
    }
    this.#view.setUint32(at, this.#chain, true);
    this.#bytes += total;
  }

  /** Ends the sync. The parts stay as they are until the next `begin`. */
  finish(last: Position): Sealed {
    assert(!this.isEmpty, 'a sync holds a record');
    this.add({ kind: commitKind, index: last.index, term: last.term });
    this.#flush();
    return { parts: this.#parts, bytes: this.#bytes, chain: this.#chain };
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#stage.length) return;
    this.#flush();
    this.#stage = new Uint8Array(stageBytes);
    this.#view = viewOf(this.#stage);
    this.#from = 0;
    this.#at = 0;
  }

  #flush(): void {
    if (this.#at > this.#from) this.#parts.push(this.#stage.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
