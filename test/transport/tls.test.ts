// Links between nodes over TLS: who is taken for a peer, and what is told of who is not.
import { createServer as createTlsServer } from 'node:https';
import { afterEach, expect, test } from 'vitest';
import { Alarms } from '../../src/base/index.ts';
import { Certificates, clientTls } from '../../src/tls/index.ts';
import type { PeerTransportOptions } from '../../src/transport/index.ts';
import { pemFiles } from '../support/certificates.ts';
import {
  frameOf,
  listLogger,
  nodeA,
  nodeB,
  peersOf,
  realClock,
  Station,
  until,
} from './support.ts';

const stations: Station[] = [];
afterEach(async () => {
  await Promise.all(stations.splice(0).map((station) => station.stop()));
});

/** A node with this certificate and CA; `null`: plain TCP. Its address in hellos is where it listens. */
async function station(
  id: Station['id'],
  name: string | null,
  ca: string | undefined,
  options: Partial<PeerTransportOptions> = {},
): Promise<Station> {
  const usual = { address: '127.0.0.1:1', ...options };
  const made = name === null ? new Station(id, usual) : secured(id, name, ca, usual);
  stations.push(made);
  return made.start();
}

function secured(
  id: Station['id'],
  name: string,
  ca: string | undefined,
  options: Partial<PeerTransportOptions>,
): Station {
  const certificates = new Certificates({
    files: pemFiles(name, ca),
    address: `${name === 'elsewhere' ? 'elsewhere.example' : '127.0.0.1'}:1`,
    clock: realClock,
    logger: listLogger([]),
    alarms: new Alarms(),
  });
  const { dialTexts, mutual } = certificates;
  return new Station(id, { ...options, tls: { dialTexts, mutual } }, (answer) =>
    createTlsServer(certificates.serverOptions(), answer),
  );
}

test('nodes with certificates of one CA are linked both ways, and frames pass', async () => {
  const a = await station(nodeA, 'node', 'ca', { secret: 's' });
  const b = await station(nodeB, 'node-b', 'ca', { secret: 's' });
  for (const each of [a, b]) each.links.setPeers(peersOf(a, b));
  await until(() => a.links.linked().length === 1 && b.links.linked().length === 1);
  a.links.send(nodeB, frameOf(7));
  await until(() => b.numbers.includes(7));
});

test('without a CA nodes that share one certificate trust it, and nobody with another', async () => {
  const a = await station(nodeA, 'alone', undefined);
  const b = await station(nodeB, 'alone', undefined);
  a.links.setPeers(peersOf(b));
  await until(() => a.links.linked().length === 1);
  const other = await station(nodeA, 'node', undefined);
  other.links.setPeers(peersOf(b));
  await until(() => other.closed.length > 0);
  expect(other.log[0]).toContain('its certificate is not signed by a CA that is trusted here');
});

// The one that dials, its certificate and CA; the one that listens; what each says.
test.each<[string, string | null, string, string, string, RegExp, RegExp | null]>([
  [
    'of another CA',
    'node2',
    'both-cas',
    'node',
    'ca',
    /certificate: peer's is not signed/,
    /certificate: peer's is not signed/,
  ],
  [
    'that trusts another CA',
    'node',
    'both-cas',
    'node2',
    'ca2',
    /certificate: peer's is not signed/,
    /not signed/,
  ],
  ['without TLS', null, 'ca', 'node', 'ca', /hang up|closed|disconnected/, null],
  [
    'somewhere else',
    'elsewhere',
    'ca',
    'node',
    'ca',
    /certificate: peer says it is at 127\.0\.0\.1:1, and its is for IP Address:192\.0\.2\.1/,
    /peer says it is at/,
  ],
])(
  'a node %s is not linked, and why is told',
  async (_, mine, myCa, theirs, theirCa, heard, said) => {
    const a = await station(nodeA, mine, myCa);
    const b = await station(nodeB, theirs, theirCa);
    a.links.setPeers(peersOf(b));
    await until(() => a.closed.length > 0 && (said === null || b.log.length > 0));
    expect(a.log[0]).toMatch(heard);
    if (said !== null) expect(b.log[0]).toMatch(said);
    expect([...a.links.linked(), ...b.links.linked()]).toEqual([]);
  },
);

test("a guest's certificate, though of the right CA, makes no node", async () => {
  const b = await station(nodeB, 'node', 'ca');
  const guest = await station(nodeA, null, undefined, {
    tls: { dialTexts: clientTls(pemFiles('client', 'ca')), mutual: false },
  });
  guest.links.setPeers(peersOf(b));
  await until(() => b.log.length > 0 && guest.closed.length > 0);
  expect(b.log[0]).toContain("certificate: peer's is for guests only");
  expect(guest.log[0]).toContain("403 certificate: peer's is for guests only");
});

test('a node that listens somewhere its certificate is not for is not dialled', async () => {
  const a = await station(nodeA, 'node', 'ca');
  const b = await station(nodeB, 'elsewhere', 'ca');
  a.links.setPeers(peersOf(b));
  await until(() => a.closed.length > 0);
  expect(a.log[0]).toContain('its certificate is for IP Address:192.0.2.1, DNS:elsewhere.example');
});
