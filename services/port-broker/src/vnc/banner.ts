import { connect } from 'node:net';
import { abortable, within } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';

/** What a VNC server says first. Source: RFC 6143, 7.1.1. */
const BANNER = /^RFB 003\.00\d\n/;
const BANNER_BYTES = 12;
const ANSWER_MS = 5_000;
/** How websockify closes a WebSocket whose target it could not connect to. */
const DOWNSTREAM = 1_011;

const NO_RFB = 'what answers there does not speak RFB';
const NOBODY = 'nobody listens there';
const HUNG_UP = 'it hung up before it said anything';
const SILENT = `it said nothing within ${ANSWER_MS / 1_000} s`;

/** Why no VNC server was reached; undefined: one was. */
export type Unreached = string | undefined;

/** The clock of the waiting, and the signal that ends it. */
export interface Waiting {
  clock: Clock;
  closing: AbortSignal;
}

/**
 * Opens a WebSocket as a viewer does, and reads what the VNC server says first. Call it once for each start: some servers (TigerVNC) bar a
 * host for a while that came several times and left without logging in.
 */
export const reach = async (url: string, waiting: Waiting): Promise<Unreached> => {
  const socket = new WebSocket(url, ['binary']);
  socket.binaryType = 'arraybuffer';
  const { promise, resolve } = Promise.withResolvers<Unreached>();
  let said = '';
  socket.addEventListener('message', ({ data }) => {
    said += Buffer.from(data as ArrayBuffer).toString('latin1');
    if (said.length >= BANNER_BYTES) {
      resolve(verdictOn(said));
    }
  });
  socket.addEventListener('close', ({ code }) => resolve(code === DOWNSTREAM ? NOBODY : HUNG_UP));
  socket.addEventListener('error', () => resolve('websockify refused the WebSocket'));
  try {
    return await inTime(promise, waiting);
  } finally {
    socket.close();
  }
};

/** Reads what the VNC server at an address says first, without a websockify between. */
export const greet = async (host: string, port: number, waiting: Waiting): Promise<Unreached> => {
  const socket = connect({ host, port });
  const { promise, resolve } = Promise.withResolvers<Unreached>();
  let said = '';
  let isConnected = false;
  socket.once('connect', () => {
    isConnected = true;
  });
  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    if (said.length >= BANNER_BYTES) {
      resolve(verdictOn(said));
    }
  });
  socket.once('error', () => resolve(isConnected ? HUNG_UP : NOBODY));
  socket.once('close', () => resolve(HUNG_UP));
  try {
    return await inTime(promise, waiting);
  } finally {
    socket.destroy();
  }
};

const verdictOn = (said: string): Unreached => (BANNER.test(said) ? undefined : NO_RFB);

const inTime = (answer: Promise<Unreached>, { clock, closing }: Waiting): Promise<Unreached> =>
  abortable(
    within(clock, ANSWER_MS, answer, () => SILENT),
    closing,
  );
