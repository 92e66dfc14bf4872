import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemProgram } from '#libs/programs/index.ts';

/** An established connection of a websockify: to a viewer, or to a machine. */
export interface Flow {
  /** The port on this side. */
  port: number;
  /** Who is at the other end: address and port. */
  peer: string;
  /** Processes that hold it. */
  pids: number[];
  sentBytes: number;
  receivedBytes: number;
}

/** From the first port to the last. */
export type Span = readonly [first: number, last: number];

/**
 * The connections to `ports`, and those from this host to ports in `targets`. Throws StartFailure if `ss` is not
 * installed.
 */
export const readFlows = async (ports: Span, targets: Span): Promise<Flow[]> => {
  const ss = await systemProgram('ss');
  // -t TCP, -n numbers, -H no heading, -O one line each, -i counters, -p processes.
  const which = `${within('sport', ports)} or ${within('dport', targets)}`;
  const options = { maxBuffer: 64 * 1024 ** 2, timeout: 10_000 };
  const { stdout } = await promisify(execFile)(
    ss,
    ['-tnHOip', 'state', 'established', which],
    options,
  );
  return parseFlows(stdout);
};

const within = (which: string, [first, last]: Span): string =>
  `( ${which} >= :${first} and ${which} <= :${last} )`;

/** Reads the output of `ss`, one connection a line: queues, our end, the other end, processes, counters. */
const parseFlows = (text: string): Flow[] =>
  text.split('\n').flatMap((line) => {
    const [, , ours = '', peer = ''] = line.trim().split(/\s+/);
    const port = Number(ours.slice(ours.lastIndexOf(':') + 1));
    if (peer === '' || !Number.isInteger(port)) {
      return [];
    }
    return {
      port,
      peer,
      pids: [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid)),
      sentBytes: counterOf(line, 'bytes_sent'),
      receivedBytes: counterOf(line, 'bytes_received'),
    };
  });

/**
 * The connections of viewers. A browser that only loads the page has a process too, but that connects to no machine.
 */
export const fromViewers = (flows: readonly Flow[], [first, last]: Span): Flow[] => {
  const isOurs = ({ port }: Flow): boolean => port >= first && port <= last;
  const going = new Set(flows.filter((flow) => !isOurs(flow)).flatMap(({ pids }) => pids));
  return flows.filter((flow) => isOurs(flow) && flow.pids.some((pid) => going.has(pid)));
};

const counterOf = (line: string, name: string): number =>
  Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
