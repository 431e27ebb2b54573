import type { BootNumber, Lineage, NodeId } from '../base/index.ts';
import type { Client, ClientOptions, Lease } from '../client/index.ts';
import type { Timing } from '../node/index.ts';
import type {
  Checksum,
  Clock,
  Disk,
  Host,
  Logger,
  LogStore,
  PeerLinks,
  Random,
  TlsFiles,
} from '../ports/index.ts';
import type { Server } from '../server/index.ts';
import type { WalOptions } from '../wal/index.ts';

/** How a node runs, as far as its life is concerned. */
export type LifeOptions = {
  /** The name operators call the cluster by; a node attaches only to a cluster of this name. */
  readonly clusterName: string;
  /** host:port of nodes to attach through; empty: found, continue, or look up in the boot cluster. */
  readonly attach: readonly string[];
  /**
   * host:port of all first nodes of the cluster, sorted; the same list on each of them. Absent or empty: none
   * was given.
   */
  readonly seeds?: readonly string[];
  /** `doozer:` URI of the cluster where clusters are announced and found. */
  readonly bootUri: string | null;
  /** Pause between two writes of this node's own state. */
  readonly pulseMs: number;
  /** Silence after which a member is removed; 0: never. */
  readonly silenceMs: number;
  /** How many past revisions stay readable. */
  readonly historyRevisions: number;
  /** Where log and snapshots live, for people; `null`: nowhere, and the node ends with the process. */
  readonly dataFolder: string | null;
  /** The steward never shrinks the cluster below this many voters. */
  readonly minVoters: number;
  /** Empty: no secret. Never logged. */
  readonly secrets: { readonly rw: string; readonly ro: string };
  readonly version: string;
  /** Log bytes since the last snapshot that make a node write the next one. */
  readonly snapshotEveryBytes?: number;
  /** Log bytes kept behind a snapshot, for followers that lag. */
  readonly logKeptBytes?: number;
  /** How the cluster keeps time, if other than usual. */
  readonly timing?: Timing;
  /** How long a learner keeps up before it votes, if other than usual. */
  readonly promoteAfterMs?: number;
  /** Sizes of log segments other than the usual ones. */
  readonly wal?: Partial<WalOptions>;
};

/** Whom a node's links speak for. */
export type LinksOf = {
  readonly nodeId: NodeId;
  readonly boot: BootNumber;
  /** host:port where others dial this node. */
  readonly address: string;
  readonly clusterName: string;
  /** The cluster this node belongs to; `null` until a joining node has heard of it. */
  readonly lineage: () => Lineage | null;
  readonly secret: string;
  readonly logger: Logger;
};

/** What listens for guests at the node's address. */
export type Entrance = {
  /** @throws ERR_ADDRESS_IN_USE, ERR_BAD_ARGUMENT, both naming the address. */
  readonly start: () => Promise<void>;
  /** Lets what was asked be answered, then closes. May be called twice. */
  readonly stop: () => Promise<void>;
};

/** How a node reaches another one as any program would. */
export type ClientWanted = ClientOptions & {
  /** Absent: as this node's own cluster has it. */
  readonly tls?: false | TlsFiles;
  /** How long to look for a node before giving up. */
  readonly openTimeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** The world a node lives in, real or made up. */
export type LifeWorld = {
  readonly clock: Clock;
  readonly random: Random;
  readonly checksum: Checksum;
  readonly hostname: string;
  /** Opens the data folder named in the options; called once a life. @throws ERR_DISK_FAILED */
  readonly disk: (folder: string) => Promise<Disk>;
  readonly links: (of: LinksOf) => PeerLinks;
  readonly entrance: (of: { readonly server: Server; readonly logger: Logger }) => Entrance;
  /** For who watches a node from outside: stands between the node and its log. */
  readonly observeLog?: (log: LogStore, of: LinksOf) => LogStore;
  /** The process it lives in; absent where there is none to speak of. */
  readonly host?: Host;
  /** Resolves with a client once a node answers. @throws ERR_UNREACHABLE, ERR_WRONG_CLUSTER, ERR_ACCESS_DENIED */
  readonly connect: (wanted: ClientWanted) => Promise<Client>;
};

/** How a life ended: told to, or because the cluster had removed the node. */
export type LifeEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'removed'; readonly through: readonly string[] };

/** What a founder holds of the boot cluster that let it found. */
export type BootClaim = { readonly client: Client; readonly lease: Lease };

export type LifeParts = {
  readonly world: LifeWorld;
  readonly options: LifeOptions;
  /** host:port where others reach it. */
  readonly address: string;
  readonly logger: Logger;
  /** Nodes to attach through besides those of the command line. */
  readonly through: readonly string[];
  /** This life follows a removal: it attaches, however long that takes, and never founds. */
  readonly mustAttach: boolean;
  /** The process is to end: what is just being started is given up. */
  readonly stopping: AbortSignal;
};

/** Where the operator said that nodes of the cluster are. */
export const hintsOf = ({ attach, seeds = [] }: LifeOptions): readonly string[] => [
  ...attach,
  ...seeds,
];
