/** An address as it is written before a port: IPv6 in brackets. */
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** noVNC's page, which opens the machine's screen at once. The gateway needs a `token`. */
export const pageOf = (host: string, port: number, token?: string): string =>
  `http://${bracketed(host)}:${port}/vnc.html?autoconnect=1&resize=scale&path=${encodeURIComponent(pathOf(token))}`;

/** Where a viewer opens its WebSocket. */
export const socketOf = (host: string, port: number, token?: string): string =>
  `ws://${bracketed(host)}:${port}/${pathOf(token)}`;

const pathOf = (token: string | undefined): string =>
  token === undefined ? 'websockify' : `websockify?token=${token}`;
