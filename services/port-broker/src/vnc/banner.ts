import { connect } from 'node:net';

/** What a VNC server says first. Source: RFC 6143, 7.1.1. */
const BANNER = /^RFB 003\.00\d\n/;
const BANNER_BYTES = 12;
const ANSWER_MS = 5_000;
const NO_RFB = 'what answers there does not speak RFB';
const NOBODY = 'nobody listens there';
const HUNG_UP = 'it hung up before it said anything';
const SILENT = `it said nothing within ${ANSWER_MS / 1_000} s`;

/** Why no VNC server was reached; undefined: one was. */
export type Unreached = string | undefined;

/**
 * Opens a WebSocket as a viewer does, and reads what the VNC server says first. It is only looked at once for each start: some servers
 * (TigerVNC) refuse a host for a while that came several times and left without logging in.
 */
export const reach = async (url: string, signal?: AbortSignal): Promise<Unreached> => {
  const socket = new WebSocket(url, ['binary']);
  socket.binaryType = 'arraybuffer';
  const { promise, resolve } = Promise.withResolvers<Unreached>();
  let said = Buffer.alloc(0);
  socket.addEventListener('message', ({ data }) => {
    said = Buffer.concat([said, Buffer.from(data as ArrayBuffer)]);
    if (said.length < BANNER_BYTES) return;
    resolve(BANNER.test(said.toString('latin1')) ? undefined : NO_RFB);
  });
  socket.addEventListener('close', ({ code }) => {
    resolve(code === DOWNSTREAM ? NOBODY : HUNG_UP);
  });
  socket.addEventListener('error', () => resolve('websockify refused the WebSocket'));
  const late = AbortSignal.timeout(ANSWER_MS);
  const onAbort = (): void => resolve(SILENT);
  const either = signal === undefined ? late : AbortSignal.any([late, signal]);
  either.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    either.removeEventListener('abort', onAbort);
    socket.close();
  }
};

/** How websockify closes a WebSocket whose target it could not connect to. */
const DOWNSTREAM = 1_011;

/** Reads what the VNC server at an address says first, on a connection of its own. */
export const greet = async (host: string, port: number, closing: AbortSignal): Promise<Unreached> => {
  const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MS), closing]);
  const socket = connect({ host, port, signal });
  const { promise, resolve } = Promise.withResolvers<Unreached>();
  let said = '';
  let isConnected = false;
  socket.once('connect', () => {
    isConnected = true;
  });
  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    if (said.length >= BANNER_BYTES) resolve(BANNER.test(said) ? undefined : NO_RFB);
  });
  socket.once('error', () => resolve(signal.aborted ? SILENT : isConnected ? HUNG_UP : NOBODY));
  socket.once('close', () => resolve(HUNG_UP));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
};
