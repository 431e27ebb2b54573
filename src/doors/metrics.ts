import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type HistogramView, isVoter, membersOf } from '../base/index.ts';
import type { NodeCounts, NodeStatus } from '../node/index.ts';
import { type Server, slotsOf } from '../server/index.ts';
import { ScrapedHistogram } from './scraped-histogram.ts';

/** What the doors know of connections that are, and that were. */
export type DoorFigures = {
  readonly connections: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
};

/** What the links to other nodes did so far. */
export type LinkFigures = {
  readonly linked: number;
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly framesDropped: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
};

export type MetricsParts = {
  readonly server: Server;
  readonly doors: () => DoorFigures;
  /** `null`: there are none to speak of. */
  readonly links: () => LinkFigures | null;
  /** How long it took to make a batch durable, in seconds. */
  readonly saveSeconds: HistogramView;
  /** Also tell of the process: memory, garbage collection, event loop. It costs a timer. */
  readonly ofProcess: boolean;
};

/** What one scrape rests on: everything is read once, when it is asked for. */
type Scrape = {
  readonly status: NodeStatus;
  readonly counts: NodeCounts;
  readonly parts: MetricsParts;
};

type Values = readonly (readonly [labels: { readonly [label: string]: string }, value: number])[];

/** A metric as the page lists it. `read` is called at each scrape. */
type Metric = {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: (scrape: Scrape) => number | Values;
};

/**
 * The numbers of one node as Prometheus reads them. Nothing is done for them between scrapes: counters
 * are plain numbers in the rooms, and every label has few values.
 */
export class Metrics {
  readonly #parts: MetricsParts;
  readonly #registry = new Registry();
  #scrape: Scrape;

  constructor(parts: MetricsParts) {
    this.#parts = parts;
    this.#scrape = this.#look();
    for (const metric of gauges) this.#add(Gauge, metric);
    for (const metric of counters) this.#add(Counter, metric);
    for (const { name, help, of } of histograms) {
      const view = () => of(this.#scrape);
      this.#registry.registerMetric(new ScrapedHistogram({ name, help, registers: [] }, view));
    }
    if (parts.ofProcess) ofProcess ??= processRegistry();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    this.#scrape = this.#look();
    const own = await this.#registry.metrics();
    if (!this.#parts.ofProcess || ofProcess === null) return own;
    return `${own}\n${await ofProcess.metrics()}`;
  }

  #look(): Scrape {
    const { node } = this.#parts.server;
    return { status: node.status(), counts: node.counts(), parts: this.#parts };
  }

  #add(kind: typeof Gauge | typeof Counter, { name, help, labels = [], read }: Metric): void {
    const scrape = () => this.#scrape;
    const Kind = kind as typeof Gauge;
    const metric: Gauge = new Kind({
      name,
      help,
      labelNames: [...labels],
      registers: [],
      collect() {
        metric.reset();
        const found = read(scrape());
        const values: Values = typeof found === 'number' ? [[{}, found]] : found;
        // A counter is raised from the 0 that it was just reset to.
        for (const [its, value] of values) metric.inc(its, value);
        // What has no labels is 0 after a reset, which would be told.
        if (values.length === 0) metric.remove({});
      },
    });
    this.#registry.registerMetric(metric);
  }
}

/** One for a process, however many nodes it holds: what it tells is of the process. */
let ofProcess: Registry | null = null;

function processRegistry(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

const seconds = (ms: number): number => ms / 1000;
const roles = ['follower', 'preCandidate', 'candidate', 'leader'] as const;

// biome-ignore format: a table is read in lines.
const gauges: readonly Metric[] = [
  { name: 'doozer_info', help: 'Always 1; which node this is', labels: ['cluster', 'node', 'version'],
    read: ({ status, parts }) => [[{ cluster: status.clusterName, node: status.id, version: parts.server.version }, 1]] },
  { name: 'doozer_uptime_seconds', help: 'Since the process was started',
    read: ({ parts }) => seconds(parts.server.host?.uptimeMs() ?? 0) },
  { name: 'doozer_ready', help: '1: a member that knows a leader and serves, as /readyz says',
    read: ({ parts }) => (parts.server.ready() ? 1 : 0) },
  { name: 'doozer_role', help: '1 for the role the node has', labels: ['role'],
    read: ({ status }) => roles.map((role) => [{ role }, status.raft.role === role ? 1 : 0]) },
  { name: 'doozer_leader_known', help: '1: the node knows who leads', read: ({ status }) => (status.raft.leader === null ? 0 : 1) },
  { name: 'doozer_term', help: 'Term of the node', read: ({ status }) => status.raft.term },
  { name: 'doozer_log_last_index', help: 'Last entry of its log', read: ({ status }) => status.raft.last.index },
  { name: 'doozer_commit_index', help: 'Last entry it knows to be decided', read: ({ status }) => status.raft.commitIndex },
  { name: 'doozer_applied_index', help: 'Last entry its tree holds', read: ({ status }) => status.appliedIndex },
  { name: 'doozer_apply_lag_entries', help: 'Decided and not applied yet', read: ({ status }) => status.raft.commitIndex - status.appliedIndex },
  { name: 'doozer_revision', help: 'Revision of its tree', read: ({ status }) => status.revision },
  { name: 'doozer_history_oldest_revision', help: 'Oldest revision it can still read at', read: ({ parts }) => parts.server.node.oldestRevision() },
  { name: 'doozer_files', help: 'Files in its tree', read: ({ parts }) => parts.server.node.view().files.size },
  { name: 'doozer_leases', help: 'Leases and sessions in its tree', read: ({ parts }) => parts.server.node.view().leases.size },
  { name: 'doozer_members', help: 'Members by part', labels: ['part'], read: ({ status }) => membersByPart(status) },
  { name: 'doozer_slots_empty', help: 'Slots that nobody stands in', read: ({ parts }) => slotsOf(parts.server.node.view()).empty.length },
  { name: 'doozer_member_silent_seconds', help: 'Since this node heard of another member', labels: ['member'],
    read: ({ status }) => status.peers.map(({ id, silentMs }) => [{ member: id }, seconds(silentMs ?? 0)]) },
  { name: 'doozer_member_lag_entries', help: 'On the leader: what another member lacks of what is decided', labels: ['member'],
    read: ({ status }) => status.raft.progress.map(({ id, matched }) => [{ member: id }, Math.max(0, status.raft.commitIndex - matched)]) },
  { name: 'doozer_proposals_waiting', help: 'Commands of guests without an outcome', read: ({ counts }) => counts.proposalsWaiting },
  { name: 'doozer_reads_waiting', help: 'Reads that wait for a barrier to be asked for', read: ({ counts }) => counts.readsWaiting },
  { name: 'doozer_log_tail_bytes', help: 'Log after the newest snapshot', read: ({ counts }) => counts.logTailBytes },
  { name: 'doozer_snapshot_bytes', help: 'Newest snapshot written since the start; 0: none', read: ({ counts }) => counts.snapshotBytes },
  { name: 'doozer_data_bytes', help: 'What the data folder takes', read: ({ parts }) => valueOrNone(parts.server.host?.disk().dataBytes) },
  { name: 'doozer_disk_free_bytes', help: 'What the disk of the data folder has left', read: ({ parts }) => valueOrNone(parts.server.host?.disk().freeBytes) },
  { name: 'doozer_disk_full', help: '1: too full for sets', read: ({ status }) => (status.diskFull ? 1 : 0) },
  { name: 'doozer_connections', help: 'Connections of guests', read: ({ parts }) => parts.doors().connections },
  { name: 'doozer_waits', help: 'Waits and watches of guests', read: ({ parts }) => parts.server.waiting.waits },
  { name: 'doozer_peer_links', help: 'Members that a link leads to', read: ({ parts }) => valueOrNone(parts.links()?.linked) },
  { name: 'doozer_alarm', help: '1 for each alarm that stands, by its name', labels: ['alarm'],
    read: ({ parts }) => (parts.server.host?.alarms.standing ?? []).map(({ name }) => [{ alarm: name }, 1]) },
];

// biome-ignore format: a table is read in lines.
const counters: readonly Metric[] = [
  { name: 'doozer_elections_total', help: 'Elections it stood for', read: ({ counts }) => counts.elections },
  { name: 'doozer_leader_changes_total', help: 'Times it followed, or became, another leader', read: ({ counts }) => counts.leaderChanges },
  { name: 'doozer_proposals_total', help: 'Commands of its guests', read: ({ counts }) => counts.proposals },
  { name: 'doozer_proposals_failed_total', help: 'Of these, without an answer of the tree', read: ({ counts }) => counts.proposalsFailed },
  { name: 'doozer_snapshots_written_total', help: 'Snapshots it wrote', read: ({ counts }) => counts.snapshotsWritten },
  { name: 'doozer_snapshots_installed_total', help: 'Snapshots it took from others', read: ({ counts }) => counts.snapshotsInstalled },
  { name: 'doozer_requests_total', help: 'Requests of guests', labels: ['protocol', 'verb'], read: ({ parts }) => requests(parts.server) },
  { name: 'doozer_received_bytes_total', help: 'From guests', read: ({ parts }) => parts.doors().receivedBytes },
  { name: 'doozer_sent_bytes_total', help: 'To guests', read: ({ parts }) => parts.doors().sentBytes },
  { name: 'doozer_peer_frames_total', help: 'Frames by what became of them', labels: ['way'], read: ({ parts }) => frames(parts) },
  { name: 'doozer_peer_bytes_total', help: 'Bytes of frames', labels: ['way'], read: ({ parts }) => peerBytes(parts) },
];

const histograms: readonly {
  readonly name: string;
  readonly help: string;
  readonly of: (scrape: Scrape) => HistogramView;
}[] = [
  {
    name: 'doozer_commit_seconds',
    help: "From a guest's command to its being applied here",
    of: ({ counts }) => counts.commitSeconds,
  },
  {
    name: 'doozer_log_save_seconds',
    help: 'To make a batch of the log durable: the writes and their one sync',
    of: ({ parts }) => parts.saveSeconds,
  },
];

/** What is not known is left out. */
const valueOrNone = (value: number | null | undefined): Values =>
  value === null || value === undefined ? [] : [[{}, value]];

function membersByPart({ raft: { membership } }: NodeStatus): Values {
  const all = membersOf(membership);
  const voters = all.filter((id) => isVoter(membership, id)).length;
  return [
    [{ part: 'voter' }, voters],
    [{ part: 'spare' }, all.length - voters],
  ];
}

const requests = ({ requests: { native, doozer } }: Server): Values => [
  ...Object.entries(native).map(([verb, count]) => [{ protocol: 'native', verb }, count] as const),
  ...doozer.map(([verb, count]) => [{ protocol: 'doozer', verb }, count] as const),
];

function frames({ links }: MetricsParts): Values {
  const it = links();
  if (it === null) return [];
  return [
    [{ way: 'sent' }, it.framesSent],
    [{ way: 'received' }, it.framesReceived],
    [{ way: 'dropped' }, it.framesDropped],
  ];
}

function peerBytes({ links }: MetricsParts): Values {
  const it = links();
  if (it === null) return [];
  return [
    [{ way: 'sent' }, it.bytesSent],
    [{ way: 'received' }, it.bytesReceived],
  ];
}

/** Every metric of doozer's own, as a row of docs/metrics.md. */
export const metricRows: readonly string[] = [
  ...gauges.map((metric) => rowOf(metric, 'gauge')),
  ...counters.map((metric) => rowOf(metric, 'counter')),
  ...histograms.map((metric) => rowOf(metric, 'histogram')),
];

function rowOf({ name, help, labels = [] }: Omit<Metric, 'read'>, kind: string): string {
  const shown = labels.map((label) => `\`${label}\``).join(', ');
  return `| \`${name}\` | ${kind} | ${shown} | ${help} |`.replaceAll(' |  | ', ' | | ');
}
