/** Paths of PEM files. A server asks no caller for a certificate, because callers send a token. */
export interface TlsFiles {
  /** The certificate of a server; needs `key`. Clients ignore both. */
  cert?: string;
  key?: string;
  /** The authority that a client trusts, or {@link SYSTEM_CA}; default: those that come with Node. Servers ignore it. */
  ca?: string;
}

/** Instead of the file of an authority: those that this machine trusts. */
export const SYSTEM_CA = 'system';
