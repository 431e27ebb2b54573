import type { Event } from '../client/index.ts';
import { bytesField, type Json } from './output.ts';

const words = { set: 'set', delete: 'del', nop: '' } as const satisfies Record<
  Event['kind'],
  string
>;

/**
 * One change as `wait` and `watch` print it: `PATH REV WORD LEN`, a line feed, the body, a line feed. The
 * body may hold line feeds: readers go by LEN. A nop's word is empty, which leaves two blanks.
 */
export function recordOf(event: Event): Uint8Array {
  const { path, revision, body } = event;
  const head = `${path} ${revision} ${words[event.kind]} ${body.length}\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\n')]);
}

/** The same with -json. Only a set has a body. */
export function recordJson({ body, kind, path, revision }: Event): Json {
  const what = { path, revision, event: words[kind] || 'nop' };
  return kind === 'set' ? { ...what, ...bytesField('body', body) } : what;
}
