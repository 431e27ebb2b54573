/** How a daemon runs: the command line and the environment, read and checked. */
export type DaemonOptions = {
  /** The name operators call the cluster by; a node attaches only to a cluster of this name. */
  readonly clusterName: string;
  /** host:port for clients and peers. Port 0: any free one. */
  readonly listen: string;
  /** host:port of nodes to attach through; empty: boot, continue, or look up in the boot cluster. */
  readonly attach: readonly string[];
  /** `doozer:` URI of the cluster where clusters are announced and found. */
  readonly bootUri: string | null;
  /** host:port of the web view; `default`: the host of `listen`, port 8000 or the next free; `null`: none. */
  readonly web: string | null;
  /** Whether the operator named `web`: then a taken port is an error. */
  readonly webExplicit: boolean;
  /** Pause between two writes of this node's own state. */
  readonly pulseMs: number;
  /** Silence after which a member is removed; 0: never. */
  readonly silenceMs: number;
  /** How many past revisions stay readable. */
  readonly historyRevisions: number;
  /** Where log and snapshots live; `null`: nowhere, and the node's life ends with the process. */
  readonly dataFolder: string | null;
  /** The steward never shrinks the cluster below this many voters. */
  readonly minVoters: number;
  /** Empty: no secret. Never logged. */
  readonly secrets: { readonly rw: string; readonly ro: string };
  readonly version: string;
  readonly logLevel: 'error' | 'info' | 'debug';
};

/** A node that runs. */
export type Daemon = {
  /** host:port it listens on, numeric. */
  readonly address: string;
  /** host:port of the web view; `null`: there is none. */
  readonly webAddress: string | null;
  /** Hands leadership over, drains, syncs. May be called twice. */
  readonly stop: () => Promise<void>;
  /** Resolves when the node has stopped for whatever reason; rejected when that was a failure. */
  readonly done: Promise<void>;
};
