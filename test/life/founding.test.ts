import { expect, test } from 'vitest';
import { ClusterError, clusterId, nodeId } from '../../src/base/index.ts';
import { found } from '../../src/life/founding.ts';
import type { NodeHandle, ProposalWaiter } from '../../src/node/index.ts';
import { emptyTree } from '../../src/tree/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('a node that refuses on the spot is asked again later, until its life ends', async () => {
  const clock = new FakeClock();
  let asked = 0;
  let isOver = false;
  const node = {
    view: emptyTree,
    propose: (_: unknown, { failed }: ProposalWaiter) => {
      asked++;
      failed(new ClusterError('ERR_STOPPED', 'its disk failed'));
    },
  } as unknown as NodeHandle;
  const founder = {
    id: nodeId('AAAAAAAAAAAAAAAA'),
    lineage: { clusterId: clusterId('CLUSTERAAAAAAAAA'), epoch: 1, epochId: '' },
    name: 'test',
    address: 'a:1',
    hostname: 'a',
    version: 'test',
    valueBytesMax: 1024,
    announce: false,
    slots: 1,
  };
  found(node, founder, clock, () => isOver);
  expect(asked).toBe(1);
  await clock.advance(1000);
  expect(asked).toBeGreaterThan(5);
  expect(asked).toBeLessThan(50);
  isOver = true;
  const before = asked;
  await clock.advance(1000);
  expect(asked).toBe(before);
});
