import { describe, expect, it } from 'vitest';
import { locate } from '../../src/naming/index.ts';
import { codeOf, World } from '../client/world.ts';

describe('locate()', () => {
  it('finds the addresses a cluster is announced under', async () => {
    const world = new World();
    world.nodes(1);
    world.cluster.set('/ctl/ns/prod/A', '10.0.0.1:8046');
    world.cluster.set('/ctl/ns/prod/B', '10.0.0.2\n');
    world.cluster.set('/ctl/ns/prod/C', 'not an address');
    world.cluster.set('/ctl/ns/other/D', '10.0.0.9:8046');
    expect(await locate(world.client(), 'prod')).toEqual(['10.0.0.1:8046', '10.0.0.2:8046']);
  });

  it.each(['prod', 'no such', 'a/b', '*', ''])('knows no cluster %j', async (name) => {
    const world = new World();
    world.nodes(1);
    world.cluster.set('/ctl/ns/other/A', '10.0.0.1:8046');
    expect(await codeOf(locate(world.client(), name))).toBe('ERR_UNREACHABLE');
  });
});
