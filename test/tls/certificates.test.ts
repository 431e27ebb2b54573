import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Alarms, limits } from '../../src/base/index.ts';
import { Certificates } from '../../src/tls/index.ts';
import { StillClock } from '../server/support/silent.ts';
import { pemFile, place } from '../support/certificates.ts';
import { noting } from '../support/noting.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const files = () => ({ certFile: at('cert'), keyFile: at('key'), caFile: at('ca') });
let today: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doozer-tls-'));
  place('node', at('cert'));
  place('node-key', at('key'));
  place('ca', at('ca'));
  today = Date.parse('2026-11-20');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open() {
  const clock = new StillClock();
  const log: string[] = [];
  const alarms = new Alarms(({ name, cause }, state) => log.push(`${state} ${name}: ${cause}`));
  const parts = { files: files(), address: '127.0.0.1:1', clock, logger: noting(log), alarms };
  const certificates = new Certificates({ ...parts, today: () => today });
  const changes = { count: 0 };
  certificates.onChange(() => {
    changes.count += 1;
  });
  certificates.start();
  const shown = () => String(certificates.serverOptions().cert);
  const standing = () => alarms.standing.map(({ name }) => name);
  return { certificates, clock, log, changes, shown, standing };
}
const pem = (name: string) => readFileSync(pemFile(name), 'latin1');
const look = (clock: StillClock) => clock.pass(limits.tlsLookMs);

it('files that changed are taken by themselves, at the next look', () => {
  const { clock, log, changes, shown } = open();
  look(clock);
  expect([changes.count, log.length]).toEqual([0, 1]);
  place('node-b', at('cert'));
  place('node-b-key', at('key'));
  look(clock);
  expect([changes.count, shown()]).toEqual([1, pem('node-b')]);
  expect(log.at(-1)).toContain('info certificate replaced');
  look(clock);
  expect([changes.count, log.length]).toEqual([1, 2]);
});

it('a certificate whose key comes a moment later is no error', () => {
  const { clock, log, changes, shown } = open();
  place('node-b', at('cert'));
  look(clock);
  expect([changes.count, shown(), log.length]).toEqual([0, pem('node'), 1]);
  place('node-b-key', at('key'));
  look(clock);
  expect([changes.count, shown()]).toEqual([1, pem('node-b')]);
  expect(log.filter((line) => line.startsWith('error'))).toEqual([]);
});

it('a file that stays bad leaves the old one in place, and is an alarm, with the reason', () => {
  const { clock, log, changes, shown, standing } = open();
  writeFileSync(at('cert'), pem('node-b').slice(0, 300));
  for (let i = 0; i < 5; i++) look(clock);
  const errors = log.filter((line) => line.startsWith('raised'));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('a certificate in it is cut off');
  expect([changes.count, shown()]).toEqual([0, pem('node')]);
  rmSync(at('cert'));
  for (let i = 0; i < 5; i++) look(clock);
  expect(log.at(-1)).toContain('there is no such file');
  expect(standing()).toEqual(['certificate-not-taken']);
  place('node', at('cert'));
  look(clock);
  expect([changes.count, standing()]).toEqual([1, []]);
});

it('asked to look, it looks and tells at once', () => {
  const { certificates, log, changes } = open();
  place('node-b', at('cert'));
  certificates.reload();
  expect(log.at(-1)).toContain('it is not the key of the certificate');
  place('node-b-key', at('key'));
  certificates.reload();
  expect(changes.count).toBe(1);
});

it('a new certificate that the CA here has not signed stays out until the CA is there', () => {
  const { clock, log, shown } = open();
  place('node2', at('cert'));
  place('node2-key', at('key'));
  look(clock);
  look(clock);
  expect(log.at(-1)).toMatch(/no CA in .* has signed its certificate/);
  place('both-cas', at('ca'));
  look(clock);
  expect(shown()).toBe(pem('node2'));
});

it('an end within thirty days is an alarm, until a new one is there', () => {
  today = Date.parse('2125-11-01');
  const { clock, log, standing } = open();
  expect(standing()).toEqual([]);
  today = Date.parse('2125-12-20');
  for (let i = 0; i < 10; i++) look(clock);
  const raised = () => log.filter((line) => line.startsWith('raised'));
  expect(raised()).toEqual([
    `raised certificate-ends: the certificate in ${at('cert')} ends at 2126-01-01T00:00:00.000Z`,
  ]);
  today = Date.parse('2126-01-02');
  look(clock);
  expect(raised().at(-1)).toContain('has ended at 2126-01-01');
  today = Date.parse('2125-11-01');
  look(clock);
  expect(standing()).toEqual([]);
});

it('stopped, it leaves no timer', () => {
  const { certificates, clock } = open();
  certificates.stop();
  expect(clock.timers).toBe(0);
});
