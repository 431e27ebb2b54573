/** Names of PEM files. A certificate and its key come together; a CA may come alone. */
export type TlsFiles = {
  /** The certificates that are trusted, one or more. */
  readonly caFile?: string;
  /** The certificate to show, with those between it and its CA after it. */
  readonly certFile?: string;
  /** The key of that certificate, without a passphrase. */
  readonly keyFile?: string;
};

/** The same as texts, PEM. */
export type TlsTexts = {
  /** The certificates that are trusted; absent: the public CAs. */
  readonly ca?: string | readonly string[];
  /** The certificate to show, with those between it and its CA after it. */
  readonly cert?: string;
  /** The key of that certificate, without a passphrase. */
  readonly key?: string;
};
