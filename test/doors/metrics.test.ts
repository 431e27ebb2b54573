// What Prometheus reads: the page, its table in the docs, and whoever queries it.
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Alarms, Histogram, secondsBounds } from '../../src/base/index.ts';
import { metricRows } from '../../src/doors/metrics.ts';
import { encodeDoozerRequest } from '../../src/protocol/doozer/index.ts';
import { request } from '../server/support/doozer.ts';
import { House, type HouseOptions } from './support/house.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

let house: House | null = null;
afterEach(async () => house?.doors.stop());

const saveSeconds = new Histogram(secondsBounds);
const links = () => ({
  linked: 2,
  framesSent: 7,
  framesReceived: 6,
  framesDropped: 1,
  bytesSent: 70,
  bytesReceived: 60,
});

async function open(options: HouseOptions = {}): Promise<House> {
  house = await House.open({
    meters: { links, saveSeconds, ofProcess: true },
    ...options,
  });
  return house;
}

const page = async (of: House, headers: { [name: string]: string } = {}) => {
  const response = await fetch(`http://${of.doors.address()}/metrics`, { headers });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: await response.text(),
  };
};

/** Names in a page, without what a histogram adds to its own. */
const namesIn = (text: string) =>
  [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name ?? '');

/** Names that a query mentions. */
const namesAsked = (query: string) =>
  [...query.matchAll(/\b((?:doozer|nodejs|process)_\w+)/g)].map(([, name]) =>
    (name ?? '').replace(/_(?:bucket|sum|count)$/, ''),
  );

test('a scrape tells what was done since the last one, by verb, and what stands now', async () => {
  const of = await open();
  const before = await page(of);
  expect(before).toMatchObject({
    status: 200,
    type: expect.stringContaining('text/plain; version=') as string,
  });
  expect(before.text).toContain('\ndoozer_connections 1\n');
  expect(before.text).not.toContain('verb="SELF"');
  const guest = await of.dial();
  guest.write(encodeDoozerRequest(request('SELF', { tag: 1 })));
  await guest.got(1);
  guest.write(encodeDoozerRequest({ ...request(null, { tag: 2 }), verb: 77 }));
  await guest.got(2);
  saveSeconds.note(0.003);
  saveSeconds.note(9);
  const { text } = await page(of);
  expect(text).toContain('\ndoozer_requests_total{protocol="doozer",verb="SELF"} 1\n');
  expect(text).toContain('\ndoozer_requests_total{protocol="doozer",verb="other"} 1\n');
  expect(text).toContain('\ndoozer_peer_frames_total{way="dropped"} 1\n');
  expect(text).toContain('\ndoozer_log_save_seconds_bucket{le="0.002"} 0\n');
  expect(text).toContain('\ndoozer_log_save_seconds_bucket{le="0.005"} 1\n');
  expect(text).toContain('\ndoozer_log_save_seconds_bucket{le="5"} 1\n');
  expect(text).toContain('\ndoozer_log_save_seconds_bucket{le="+Inf"} 2\n');
  expect(text).toContain('\ndoozer_log_save_seconds_count 2\n');
  expect(text).toMatch(/\ndoozer_received_bytes_total [1-9]/);
  // Not known here, so not told: there is no process to speak of.
  expect(text).not.toMatch(/\ndoozer_disk_free_bytes /);
});

test('an alarm is a metric for as long as it stands', async () => {
  const alarms = new Alarms();
  const of = await open({
    host: {
      alarms,
      disk: () => ({ freeBytes: 5, dataBytes: null }),
      logLevel: () => 'info',
      setLogLevel: () => undefined,
      uptimeMs: () => 1500,
    },
  });
  alarms.raise({ name: 'disk-full', cause: 'c', next: 'n' });
  const { text } = await page(of);
  expect(text).toContain('\ndoozer_alarm{alarm="disk-full"} 1\n');
  expect(text).toContain('\ndoozer_disk_free_bytes 5\n');
  expect(text).toContain('\ndoozer_uptime_seconds 1.5\n');
  alarms.clear('disk-full');
  expect((await page(of)).text).not.toContain('disk-full');
});

test('in a cluster with secrets only who shows one sees numbers', async () => {
  const of = await open({ secrets: { rw: 'w', ro: 'r' } });
  expect((await page(of)).status).toBe(401);
  expect((await page(of, { authorization: 'Bearer x' })).status).toBe(401);
  expect((await page(of, { authorization: 'Bearer r' })).status).toBe(200);
  const basic = Buffer.from('prometheus:w').toString('base64');
  expect((await page(of, { authorization: `Basic ${basic}` })).status).toBe(200);
});

test('/readyz says why not, in its body', async () => {
  const of = await open();
  const ask = async () => {
    const response = await fetch(`http://${of.doors.address()}/readyz`);
    return `${response.status} ${await response.text()}`;
  };
  expect(await ask()).toBe('200 ready\n');
  of.node.leader = null;
  expect(await ask()).toBe('503 no leader\n');
  of.node.condemn();
  expect(await ask()).toBe('503 condemned\n');
});

test('docs/metrics.md lists every metric as the node describes it, and no other', async () => {
  const of = await open();
  const own = namesIn((await page(of)).text).filter((name) => name.startsWith('doozer_'));
  const rows = read('docs/metrics.md')
    .split('\n')
    .filter((line) => line.startsWith('| `doozer_'));
  expect(rows).toEqual(metricRows);
  expect(rows.map((row) => row.split('`')[1])).toEqual(own);
});

test.each(['docs/grafana/doozer.json', 'docs/grafana/alerts.yml', 'docs/metrics.md'])(
  '%s asks for nothing that does not exist',
  async (path) => {
    const known = new Set(namesIn((await page(await open())).text));
    const asked = namesAsked(read(path));
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  },
);
