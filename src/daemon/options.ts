import type { LogLevel } from '../base/index.ts';
import type { LifeOptions } from '../life/index.ts';
import type { LogForm } from './logger.ts';

/** How a daemon runs: the command line and the environment, read and checked. */
export type DaemonOptions = LifeOptions & {
  /** host:port for clients and peers. Port 0: any free one. */
  readonly listen: string;
  /** Where others reach this node, HOST or HOST:PORT; absent: where it listens. */
  readonly advertise?: string;
  /** host:port of the web view; `default`: the host of `listen`, port 8000 or the next free; `null`: none. */
  readonly web: string | null;
  /** Whether the operator named `web`: then a taken port is an error. */
  readonly webExplicit: boolean;
  /** `null`: plain TCP. Else TLS on every port and to every other node. */
  readonly tls: DaemonTls | null;
  readonly logLevel: LogLevel;
  /** Default: JSON. */
  readonly logForm?: LogForm;
};

/** Names of PEM files, looked at again while the node runs. */
export type DaemonTls = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Peers must show a certificate that this signed; absent: the secret is all that they prove. */
  readonly caFile?: string;
  /** Guests must show one, too. */
  readonly guestsCertified: boolean;
};

/** A node that runs. */
export type Daemon = {
  /** host:port where others reach it. */
  readonly address: string;
  /** host:port of the web view; `null`: there is none. */
  readonly webAddress: string | null;
  /** Looks at the files of certificates at once. */
  readonly reload: () => void;
  readonly logLevel: () => LogLevel;
  readonly setLogLevel: (level: LogLevel) => void;
  /** Hands leadership over, drains, syncs. May be called twice. */
  readonly stop: () => Promise<void>;
  /** Resolves when the node has stopped for whatever reason; rejected when that was a failure. */
  readonly done: Promise<void>;
};
