import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Doozerd, Scratch } from '../support/processes.ts';
import { freePorts } from '../support/processes.ts';
import type { Story } from '../support/story.ts';
import { expect, nowMs, until } from '../support/wait.ts';
import { Authority, needOpenssl } from './authority.ts';
import { TlsLoad } from './load.ts';

const rounds = 4;
const steadyClients = 48;
const freshClients = 4;
/** Enough that something would have gone wrong; a busy machine does not do many more. */
const requestsMin = 500;

type Place = {
  readonly address: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  node: Doozerd;
};

export async function drill(scratch: Scratch, story: Story): Promise<void> {
  needOpenssl();
  const file = (name: string) => join(scratch.folder, name);
  const first = new Authority(scratch.folder, 'ca0');
  const clientCa = file('client-ca.pem');
  first.copyTo(clientCa);
  const places = await startThree(scratch, story, first, clientCa);

  const uri = uriOf(places, clientCa);
  const load = new TlsLoad(uri);
  await load.start(steadyClients, freshClients, places[1]?.address ?? '', clientCa);
  let current = first;
  const startMs = nowMs();
  for (let round = 1; round <= rounds; round++) {
    current = await replaceAll(scratch, places, clientCa, current, round);
    story.tell(`round ${round}: CA and all certificates are new; ${load.requests} requests so far`);
  }
  const tookMs = Math.round(nowMs() - startMs);
  await load.stop();
  const { requests, connections, oldRequests, failures } = load;
  story.figure(
    `${rounds} CAs and ${3 * rounds} certificates replaced in ${tookMs} ms under ${requests} requests, ${connections} connections made meanwhile: ${failures.length} failed`,
  );
  story.figure(`${oldRequests} of them on one connection of doozer's own protocol, never closed`);
  expect(failures.length === 0, `no request fails (${failures.slice(0, 3).join('; ')})`);
  expect(requests > requestsMin && oldRequests > 20, 'there was a load');

  await restartAll(scratch, story, places, uri);
  const { status, stderr } = await scratch.doozer(uriOf(places, first.file), ['rev']);
  expect(status !== 0 && stderr.includes('not signed by a CA'), `the first CA is out: ${stderr}`);
  story.tell(`a client of the first CA hears: ${stderr.trim()}`);
}

const uriOf = (places: readonly Place[], caFile: string): string =>
  `doozers:?${places.map(({ address }) => `ca=${address}`).join('&')}&tlsca=${caFile}`;

const wordsOf = ({ address, caFile, certFile, keyFile }: Omit<Place, 'node'>) => [
  ...['-l', address, '-w', 'false'],
  ...['-tlscert', certFile, '-tlskey', keyFile, '-tlsca', caFile],
];

async function startThree(
  scratch: Scratch,
  story: Story,
  authority: Authority,
  clientCa: string,
): Promise<Place[]> {
  const places: Place[] = [];
  for (const port of await freePorts(3)) {
    const file = (name: string) => join(scratch.folder, `${port}-${name}.pem`);
    const where = {
      address: `127.0.0.1:${port}`,
      caFile: file('ca'),
      certFile: file('cert'),
      keyFile: file('key'),
    };
    authority.copyTo(where.caFile);
    authority.issue(where.certFile, where.keyFile);
    const through = places[0] === undefined ? [] : ['-a', places[0].address];
    const node = scratch.doozerd(where.address, [...wordsOf(where), ...through]);
    places.push({ ...where, node });
    const uri = uriOf(places.slice(-1), clientCa);
    await until(`the node at ${where.address} to answer`, 10_000, async () =>
      (await scratch.doozer(uri, ['rev'])).status === 0 ? true : null,
    );
  }
  const uri = uriOf(places, clientCa);
  for (const name of ['1', '2']) {
    const { status, stderr } = await scratch.doozer(uri, ['add', `/ctl/cal/${name}`]);
    expect(status === 0, `slot ${name} is added (${stderr.trim()})`);
    await until(`slot ${name} to be taken`, 10_000, async () =>
      (await scratch.doozer(uri, ['get', `/ctl/cal/${name}`])).stdout === '' ? null : true,
    );
  }
  story.tell('three voters with mutual TLS');
  return places;
}

/** One whole rotation: both CAs, then new certificates, then the new CA alone. */
async function replaceAll(
  scratch: Scratch,
  places: readonly Place[],
  clientCa: string,
  old: Authority,
  round: number,
): Promise<Authority> {
  const fresh = new Authority(scratch.folder, `ca${round}`);
  const byHand = round % 2 === 0;
  Authority.bundle(clientCa, [old, fresh]);
  await onEach(places, byHand, ({ caFile }) => Authority.bundle(caFile, [old, fresh]));
  await onEach(places, byHand, ({ certFile, keyFile }) => fresh.issue(certFile, keyFile));
  Authority.bundle(clientCa, [fresh]);
  await onEach(places, byHand, ({ caFile }) => Authority.bundle(caFile, [fresh]));
  return fresh;
}

/** Does `work` at each place and waits until every node says that it took what is new. */
async function onEach(
  places: readonly Place[],
  byHand: boolean,
  work: (place: Place) => void,
): Promise<void> {
  const before = places.map(replacements);
  for (const place of places) {
    work(place);
    if (byHand) process.kill(place.node.pid, 'SIGHUP');
  }
  await until('all nodes to take the new files', 15_000, () =>
    places.every((place, i) => replacements(place) > (before[i] ?? 0)) ? true : null,
  );
}

const replacements = ({ node }: Place): number =>
  readFileSync(node.logFile, 'utf8').split('"certificate replaced"').length - 1;

/** Each node anew, the others serving: all links are made with certificates that no node began with. */
async function restartAll(
  scratch: Scratch,
  story: Story,
  places: readonly Place[],
  uri: string,
): Promise<void> {
  for (const place of places) {
    place.node.signal('SIGTERM');
    await place.node.ended;
    place.node = scratch.doozerd(place.address, wordsOf(place));
    const own = uri.replace(/ca=[0-9.:&ca=]+&tlsca/, `ca=${place.address}&tlsca`);
    await until(`the restarted node at ${place.address} to answer`, 15_000, async () =>
      (await scratch.doozer(own, ['rev'])).status === 0 ? true : null,
    );
  }
  const { status, stderr } = await scratch.doozer(uri, ['set', '/load/after', '-1'], 'x');
  expect(status === 0, `writes go on after all restarts (${stderr.trim()})`);
  story.tell('all three restarted one by one with what is new, and writes go on');
}
