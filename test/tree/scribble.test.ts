import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { digestText, encodeSnapshot, snapshotDecoder } from '../../src/tree/index.ts';
import { slotsOf } from '../../src/tree/slots.ts';
import { Driver, idOf, type MembershipNames } from './driver.ts';

const letters = [...'ABCDE'];
const paths = [
  ...['/ctl', '/ctl/cal', '/ctl/cal/0', '/ctl/cal/1', '/ctl/cal/2', '/ctl/cal/1/x', '/ctl/err'],
  ...['/ctl/err/x', '/ctl/node', `/ctl/node/${idOf('B')}`, `/ctl/node/${idOf('B')}/addr`],
  ...[`/ctl/node/${idOf('C')}/deep/er`, '/ctl/name', '/user'],
];
const write = fc.record({
  kind: fc.constantFrom('set' as const, 'set' as const, 'delete' as const),
  at: fc.constantFrom(...paths),
  body: fc.constantFrom('', 'scribble', ...letters.map(idOf), idOf('Z')),
});
const publish = fc.record({
  kind: fc.constant('publish' as const),
  by: fc.constantFrom(...letters),
});
/** Next voters and learners; they follow from the last ones as a joint and a final entry. */
const change = fc
  .record({
    kind: fc.constant('members' as const),
    voters: fc.subarray(letters, { minLength: 1 }),
    others: fc.subarray(letters),
    interrupted: fc.array(write, { maxLength: 3 }),
  })
  .map((one) => ({ ...one, learners: one.others.filter((id) => !one.voters.includes(id)) }));

test('nothing that guests scribble over /ctl makes a node assert or breaks the slots', () => {
  const seen = { refused: 0, slots: 0, changes: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.oneof(write, write, publish, change), { maxLength: 50, size: 'max' }),
      (steps) => {
        // The driver checks the whole tree after each change: T1, T3 and T7 among others.
        const driver = new Driver();
        let names: MembershipNames = { voters: 'A' };
        driver.members(names);
        driver.found({ '/ctl/cal/0': idOf('A') });
        const guest = ({
          kind,
          at,
          body,
        }: {
          kind: 'set' | 'delete';
          at: string;
          body: string;
        }) => {
          const before = slotsOf(driver.state.files);
          const { reply } = kind === 'set' ? driver.set(at, utf8(body)) : driver.delete(at);
          const after = slotsOf(driver.state.files);
          if (reply?.kind === 'refused') {
            seen.refused++;
            expect(after).toEqual(before);
          }
          const voters: readonly string[] = driver.state.membershipInForce.voters;
          const stands = (slots: typeof after) =>
            slots.some(({ holder }) => voters.includes(holder));
          // Only naming another may take the last voter's place.
          if (stands(before) && !stands(after)) expect(kind === 'set' && body !== '').toBe(true);
        };
        for (const step of steps) {
          if (step.kind === 'members') {
            const [voters, learners] = [step.voters.join(''), step.learners.join('')];
            const revision = driver.state.revision;
            expect(driver.members({ voters, outgoing: names.voters, learners }).events).toEqual([]);
            expect(driver.state.revision).toBe(revision);
            for (const one of step.interrupted) guest(one);
            const { events } = driver.members({ voters, learners });
            names = { voters, learners };
            seen.changes++;
            seen.slots += events.filter(({ path }) => path.startsWith('/ctl/cal/')).length;
            const gone = letters.filter(
              (id) => !step.voters.includes(id) && !step.learners.includes(id),
            );
            for (const id of gone) {
              const folder = `/ctl/node/${idOf(id)}/`;
              if (events.some(({ path }) => path.startsWith(folder))) {
                expect(
                  [...driver.state.files.entries()].some(([at]) => at.startsWith(folder)),
                ).toBe(false);
              }
            }
          } else if (step.kind === 'publish') driver.publish(step.by, { addr: 'x', applied: '1' });
          else guest(step);
        }
        const decoder = snapshotDecoder();
        for (const chunk of encodeSnapshot(driver.state)) decoder.push(chunk);
        expect(digestText(decoder.finish())).toBe(digestText(driver.state));
      },
    ),
    { numRuns: 200 },
  );
  // The generator does reach what this is about.
  expect(seen.refused).toBeGreaterThan(500);
  expect(seen.changes).toBeGreaterThan(500);
  expect(seen.slots).toBeGreaterThan(100);
});
