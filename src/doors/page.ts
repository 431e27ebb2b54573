import { createHash } from 'node:crypto';
import type { Alarm } from '../base/index.ts';

/** What the page of one directory shows. */
export type PageFacts = {
  readonly clusterName: string;
  /** Ends in `/`. */
  readonly path: string;
  readonly names: readonly PageName[];
  /** There are more names than the page lists. */
  readonly cut: boolean;
  readonly node: string;
  readonly address: string;
  readonly role: string;
  readonly life: string;
  readonly leader: string | null;
  readonly revision: number;
  readonly members: readonly PageMember[];
  /** What is the matter with this node. */
  readonly alarms: readonly Alarm[];
};

export type PageName =
  | { readonly kind: 'directory'; readonly name: string; readonly entries: number }
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly bytes: number;
      readonly revision: number;
    };

export type PageMember = { readonly id: string; readonly address: string; readonly part: string };

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222}
h1{font-size:1.3rem}table{border-collapse:collapse;width:100%}
td,th{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #ddd}
td.n{text-align:right}code{font-size:.95em}p.age{color:#666}`;

const styleHash = createHash('sha256').update(style).digest('base64');

/** Sent with the page: nothing is loaded from anywhere, nothing runs, nobody frames it. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `text` as text in HTML, inside an attribute too. Every value that enters the page goes through here. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => entities[letter] ?? '');

/** One directory as a page without scripts: plain HTML, whole, readable in a text browser. */
export function pageOf(facts: PageFacts): string {
  const title = `${facts.clusterName} ${facts.path} doozer viewer`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(facts.clusterName)} ${trail(facts.path)}</h1>
<p class="age">As this node knew it at revision ${facts.revision}.</p>
${alarmsOf(facts)}${namesOf(facts)}
<h2>Members</h2>
<table>
<tr><th>id</th><th>address</th><th></th></tr>
${facts.members.map((member) => memberRow(member, facts)).join('\n')}
</table>
<p>This node: <code>${escapeHtml(facts.node)}</code> at ${escapeHtml(facts.address)}, ${escapeHtml(facts.life)}, ${escapeHtml(facts.role)}.
Leader: ${facts.leader === null ? 'none known' : `<code>${escapeHtml(facts.leader)}</code>`}.</p>
</body>
</html>
`;
}

/** The path with a link for each directory above. */
function trail(path: string): string {
  const names = path.split('/').filter((name) => name !== '');
  const links = names.map((name, i) => {
    const target = `/${names
      .slice(0, i + 1)
      .map(encodeURIComponent)
      .join('/')}/`;
    return `<a href="${escapeHtml(target)}">${escapeHtml(name)}</a>/`;
  });
  return `<a href="/">/</a>${links.join('')}`;
}

function alarmsOf({ alarms }: PageFacts): string {
  if (alarms.length === 0) return '';
  const rows = alarms.map(
    ({ name, cause, next }) =>
      `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(cause)}</td><td>${escapeHtml(next)}</td></tr>`,
  );
  return `<h2>Alarms of this node</h2>
<table>
<tr><th>alarm</th><th>cause</th><th>next</th></tr>
${rows.join('\n')}
</table>
`;
}

function namesOf(facts: PageFacts): string {
  if (facts.names.length === 0) return '<p>Nothing here.</p>';
  const rows = facts.names.map((name) => nameRow(name)).join('\n');
  const more = facts.cut ? `\n<p>Only the first ${facts.names.length} names are listed.</p>` : '';
  return `<table>
<tr><th>name</th><th>size</th><th>revision</th></tr>
${rows}
</table>${more}`;
}

function nameRow(name: PageName): string {
  const text = escapeHtml(name.name);
  if (name.kind === 'directory') {
    const target = escapeHtml(`${encodeURIComponent(name.name)}/`);
    return `<tr><td><a href="./${target}">${text}/</a></td><td class="n">${name.entries} names</td><td></td></tr>`;
  }
  return `<tr><td>${text}</td><td class="n">${name.bytes} bytes</td><td class="n">${name.revision}</td></tr>`;
}

function memberRow(member: PageMember, facts: PageFacts): string {
  const part = member.id === facts.leader ? `${member.part}, leads` : member.part;
  return `<tr><td><code>${escapeHtml(member.id)}</code></td><td>${escapeHtml(member.address)}</td><td>${escapeHtml(part)}</td></tr>`;
}
