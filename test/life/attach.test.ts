import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/base/index.ts';
import { connect } from '../../src/connect/index.ts';
import { attach } from '../../src/life/attach.ts';
import { systemClock } from '../../src/platform/index.ts';
import type { Logger } from '../../src/ports/index.ts';

const plan = {
  nodeId: nodeId('AAAAAAAAAAAAAAAA'),
  address: '127.0.0.1:2',
  clusterName: 'test',
  lineage: null,
  through: ['127.0.0.1:1'],
  secret: '',
  withinMs: 300,
};

describe('attach()', () => {
  it('tries for its time, says once that it waits, and then what it met', async () => {
    const said: string[] = [];
    const logger: Logger = {
      error: (_, message) => said.push(message),
      info: (_, message) => said.push(message),
      debug: () => {},
      child: () => logger,
    };
    const parts = { clock: systemClock(), connect, logger };
    await expect(attach(plan, parts, never.signal)).rejects.toMatchObject({
      code: 'ERR_UNREACHABLE',
      message:
        'Cannot attach to cluster "test" through 127.0.0.1:1 within 0.3 s: Cannot reach 127.0.0.1:1: connection refused',
    });
    expect(said.length).toBeLessThanOrEqual(1);
  });

  it('gives up at once when it is told to stop', async () => {
    const logger: Logger = { error: quiet, info: quiet, debug: quiet, child: () => logger };
    const parts = { clock: systemClock(), connect, logger };
    const stop = new AbortController();
    const attached = attach({ ...plan, withinMs: Number.POSITIVE_INFINITY }, parts, stop.signal);
    stop.abort();
    const startedAt = Date.now();
    await expect(attached).rejects.toThrow();
    expect(Date.now() - startedAt).toBeLessThan(1000);
  });
});

const never = new AbortController();
const quiet = (): void => {};
