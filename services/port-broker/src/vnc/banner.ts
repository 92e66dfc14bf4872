import { connect } from 'node:net';
import { abortable, within } from '#libs/async/index.ts';
import type { Clock } from '#libs/clock/index.ts';

/** The first message of a VNC server. Source: RFC 6143, 7.1.1. */
const BANNER = /^RFB 003\.00\d\n/;
const BANNER_BYTES = 12;
const ANSWER_MS = 5_000;
/** How websockify closes a WebSocket whose target it could not connect to. */
const DOWNSTREAM = 1_011;

const NOBODY = 'nobody listens there';
const HUNG_UP = 'it hung up before it said anything';

/** Why no VNC server was reached; undefined if one was. */
export type Unreached = string | undefined;

interface Waiting {
  clock: Clock;
  closing: AbortSignal;
}

/**
 * Opens a WebSocket as a viewer does, and reads the VNC server's first message. Call it once for each start, because
 * some servers (TigerVNC) bar a host for a while if it connects several times without logging in.
 */
export const reach = (url: string, waiting: Waiting): Promise<Unreached> =>
  hear(waiting, (heard, failed) => {
    const socket = new WebSocket(url, ['binary']);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) =>
      heard(Buffer.from(data as ArrayBuffer).toString('latin1')),
    );
    socket.addEventListener('close', ({ code }) => failed(code === DOWNSTREAM ? NOBODY : HUNG_UP));
    socket.addEventListener('error', () => failed('websockify refused the WebSocket'));
    return () => socket.close();
  });

/** Reads the first message of the VNC server at an address, without a websockify in between. */
export const greet = (host: string, port: number, waiting: Waiting): Promise<Unreached> =>
  hear(waiting, (heard, failed) => {
    const socket = connect({ host, port });
    socket.setEncoding('latin1').on('data', heard);
    socket.once('error', ({ syscall }: NodeJS.ErrnoException) =>
      failed(syscall === 'connect' ? NOBODY : HUNG_UP),
    );
    socket.once('close', () => failed(HUNG_UP));
    return () => socket.destroy();
  });

/** `open` opens a connection, and returns how to close it. */
const hear = async (
  { clock, closing }: Waiting,
  open: (heard: (text: string) => void, failed: (why: string) => void) => () => void,
): Promise<Unreached> => {
  const { promise, resolve } = Promise.withResolvers<Unreached>();
  let said = '';
  const close = open((text) => {
    said += text;
    if (said.length >= BANNER_BYTES) {
      resolve(BANNER.test(said) ? undefined : 'what answers there does not speak RFB');
    }
  }, resolve);
  const silent = (): string => `it said nothing within ${ANSWER_MS / 1_000} s`;
  try {
    return await abortable(within(clock, ANSWER_MS, promise, silent), closing);
  } finally {
    close();
  }
};
