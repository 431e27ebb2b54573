import { afterEach, expect, test } from 'vitest';
import { WebDoor } from '../../src/doors/index.ts';
import { escapeHtml } from '../../src/doors/page.ts';
import { House, type HouseOptions, realClock } from './support/house.ts';

const webs: WebDoor[] = [];
async function open(options: HouseOptions = {}): Promise<{ house: House; at: string }> {
  const house = new House(options);
  const web = new WebDoor({
    address: '127.0.0.1:0',
    server: house.server,
    metrics: null,
    clock: realClock,
    nodeAddress: () => '127.0.0.1:8046',
  });
  await web.start();
  webs.push(web);
  return { house, at: `http://${web.address()}` };
}
afterEach(async () => {
  await Promise.all(webs.splice(0).map((web) => web.stop()));
});

test('a path that ends in a slash is a page: title, names, cluster, node, members, revision', async () => {
  const { house, at } = await open();
  house.node.set('/svc/web/1', 'up');
  house.node.set('/top', 'x');
  const response = await fetch(`${at}/`);
  const html = await response.text();
  expect(response.status).toBe(200);
  expect(html).toContain('<title>test / doozer viewer</title>');
  expect(html).toContain('<a href="./svc/">svc/</a>');
  expect(html).toContain('<td>top</td>');
  for (const fact of ['AAAABBBBCCCCDDDD', '127.0.0.1:8047', 'votes, leads', 'revision 2']) {
    expect(html).toContain(fact);
  }
  const below = await (await fetch(`${at}/svc/web/`)).text();
  expect(below).toContain('<title>test /svc/web/ doozer viewer</title>');
  expect(below).toContain('<a href="/svc/">svc</a>/<a href="/svc/web/">web</a>/');
  // Also for what does not exist, as in doozerd.
  expect(await (await fetch(`${at}/none/`)).text()).toContain('Nothing here.');
});

test('the page loads nothing and runs nothing', async () => {
  const { at } = await open();
  const response = await fetch(`${at}/`);
  const html = await response.text();
  expect(response.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+';/,
  );
  expect(html).not.toMatch(/<script|<img|<link|src=|https?:|@import|url\(/i);
});

test('whatever stands in a path or a name is shown as text', async () => {
  const { at } = await open();
  const html = await (await fetch(`${at}/%3Cscript%3Ealert(1)%3C/script%3E'%22/`)).text();
  expect(html).not.toContain('<script');
  expect(html).toContain('&lt;script&gt;alert(1)');
  expect(await (await fetch(`${at}/%zz/`)).text()).toContain('%zz');
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe(
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;',
  );
});

test('a long directory is cut at 1,000 names, and says so', async () => {
  const { house, at } = await open();
  for (let i = 0; i < 1001; i++) house.node.set(`/n/${i}`, '');
  const html = await (await fetch(`${at}/n/`)).text();
  expect(html.match(/ bytes<\/td>/g)).toHaveLength(1000);
  expect(html).toContain('Only the first 1000 names are listed.');
});

test('other paths are 404 and empty, other methods refused, health answers', async () => {
  const { house, at } = await open();
  const missing = await fetch(`${at}/a`);
  expect([missing.status, await missing.text()]).toEqual([404, '']);
  expect((await fetch(`${at}/`, { method: 'POST', body: 'x' })).status).toBe(405);
  const head = await fetch(`${at}/`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect((await fetch(`${at}/livez`)).status).toBe(200);
  expect((await fetch(`${at}/readyz`)).status).toBe(200);
  house.node.leader = null;
  expect((await fetch(`${at}/readyz`)).status).toBe(503);
});

test('where a secret is set the page asks for one, and shows itself to whoever has one', async () => {
  for (const secrets of [
    { rw: 'w:1', ro: '' },
    { rw: 'w:1', ro: 'r' },
  ]) {
    const { house, at } = await open({ secrets });
    house.node.set('/hidden', 'x');
    const get = (password: string) => {
      const authorization = `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;
      return fetch(`${at}/`, { headers: { authorization } });
    };
    const response = await fetch(`${at}/`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="doozer", charset="UTF-8"');
    expect(await response.text()).toMatch(/^This cluster has a secret/);
    const wrong = await get('guess');
    expect([wrong.status, await wrong.text()]).toEqual([
      401,
      expect.stringMatching(/^This cluster has/),
    ]);
    expect(await (await get('w:1')).text()).toContain('<td>hidden</td>');
    if (secrets.ro !== '') expect(await (await get('r')).text()).toContain('<td>hidden</td>');
    expect((await fetch(`${at}/livez`)).status).toBe(200);
  }
});

test('guesses at once from one address are not even looked at, beyond a few', async () => {
  const { at } = await open({ secrets: { rw: 'w', ro: '' } });
  const authorization = `Basic ${Buffer.from('me:guess').toString('base64')}`;
  const asked = Array.from({ length: 12 }, () => fetch(`${at}/`, { headers: { authorization } }));
  const statuses = (await Promise.all(asked)).map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array(8).fill(401), ...Array(4).fill(429)]);
});
