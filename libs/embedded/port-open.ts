import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Resolves when somebody listens on the port of the loopback interface; rejects when the signal aborts. */
export const portOpen = async (port: number, signal: AbortSignal): Promise<void> => {
  while (!(await isOpen(port))) await sleep(POLL_MS, undefined, { signal });
};

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
