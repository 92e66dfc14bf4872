import { get } from 'node:http';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import type { Session } from '../domain/session.ts';
import { checkProgram, StartFailure, systemProgram } from '#libs/programs/index.ts';
import { filesOf } from '../compute/program-files.ts';
import { netted } from '../process/isolate.ts';
import { giveAll, isTurning, NOBODY } from '../process/user.ts';
import type { SessionType } from '../session/session-type.ts';
import { writtenIn } from './tokens.ts';
import { outputOf } from '../session/process-group.ts';

/** The target of a websockify: one machine, or for the gateway whatever a token says. */
export interface VncSpec {
  /** Empty: it is the gateway. */
  vm: string;
  /** As the caller named it: `host:port`. */
  target: string;
  /** The address that `target` resolved to. */
  address: string;
  targetPort: number;
  /** Whether the session is kept although the VNC server does not answer. */
  mayBeUnreachable: boolean;
  /** Whether the VNC server answered when it was last asked. */
  isReachable: boolean;
}

export type VncSession = Session<VncSpec>;

interface WebsockifyOptions extends Pick<Config['vnc'], 'websockify' | 'novnc'> {
  address: string;
  tokens: string;
  /** Called once for each start of a machine's websockify, as soon as that runs. If it throws, the start has failed. */
  started: (session: VncSession) => Promise<void>;
}

const READY_MS = 30_000;
/** websockify is killed at once. It has nothing to save, and a thousand orderly ends would keep a host busy. */
const GRACE_MS = 0;
/** Each start costs an interpreter a second of work, so more starts at a time would only delay all of them. */
const AT_ONCE = 4;
/** Detects viewers that vanished, and keeps idle connections open in routers. */
const HEARTBEAT_SECONDS = 30;
const PAGE_MS = 2_000;
/** It has one for each viewer. */
const MAX_PROCESSES = 4_096;
/** The address space of each. */
const MAX_BYTES = 2 * 1024 ** 3;

const PLUGIN = fileURLToPath(new URL('../../websockify', import.meta.url));

export const websockifySessions = (options: WebsockifyOptions): SessionType<VncSpec> => ({
  name: 'vnc',
  pool: 'vnc',
  isRestarted: () => true,
  graceMs: GRACE_MS,
  startsAtOnce: AT_ONCE,
  recipe: async (session, folder) => {
    const program = options.websockify ?? (await systemProgram('websockify'));
    await checkProgram(program);
    await systemProgram('ss');
    const page = join(options.novnc, 'vnc.html');
    await access(page).catch((thrown: unknown) => {
      throw new StartFailure('PROGRAM_MISSING', 'novnc', `is not at ${page}; install it`, {
        cause: thrown,
      });
    });
    const { vm, address, targetPort } = session.spec;
    const where = `${bracketed(options.address)}:${session.port}`;
    const argv = [program, '--web', options.novnc, '--heartbeat', String(HEARTBEAT_SECONDS)];
    const leads =
      vm === ''
        ? ['--token-plugin', 'muster_tokens.OneTimeTokens', '--token-source', options.tokens, where]
        : [where, `${bracketed(address)}:${targetPort}`];
    const isGateway = vm === '';
    if (isGateway) {
      await giveAll(options.tokens, NOBODY);
    }
    const tools = {
      bwrap: await systemProgram('bwrap'),
      user: (await isTurning()) ? NOBODY : undefined,
    };
    const box = {
      argv: [...argv, ...leads],
      readOnly: [
        ...filesOf([program]),
        options.novnc,
        PLUGIN,
        ...(isGateway ? [options.tokens] : []),
      ],
      writable: isGateway ? writtenIn(options.tokens) : [],
      limits: { addressSpaceBytes: MAX_BYTES, processes: MAX_PROCESSES },
    };
    let isTold = false;
    return {
      programs: [
        {
          role: 'websockify',
          command: () => ({
            argv: netted(tools, box),
            env: {
              PATH: '/usr/bin:/bin',
              PYTHONPATH: PLUGIN,
              PYTHONDONTWRITEBYTECODE: '1',
              PYTHONUNBUFFERED: '1',
            },
            cwd: folder,
            output: outputOf(folder, 'websockify'),
            isFiltered: true,
          }),
        },
      ],
      listener: 'websockify',
      isReady: async (said) => {
        const isProxying = said('websockify').includes('proxying from');
        if (!isProxying || !(await servesPage(options.address, session.port))) {
          return false;
        }
        if (!isTold && vm !== '') {
          await options.started(session);
        }
        isTold = true;
        return true;
      },
      readyMs: READY_MS,
    };
  },
});

const servesPage = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { host: address, port, path: '/vnc.html', agent: false, timeout: PAGE_MS };
    const request = get(options, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode === 200));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });

/** An address as it is written before a port: IPv6 in brackets. */
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** The URL of noVNC's page, which opens the machine's screen at once. The gateway needs a `token`. */
export const pageOf = (host: string, port: number, token?: string): string =>
  `http://${bracketed(host)}:${port}/vnc.html?autoconnect=1&resize=scale&path=${encodeURIComponent(pathOf(token))}`;

/** The URL at which a viewer opens its WebSocket. */
export const socketOf = (host: string, port: number, token?: string): string =>
  `ws://${bracketed(host)}:${port}/${pathOf(token)}`;

const pathOf = (token: string | undefined): string =>
  token === undefined ? 'websockify' : `websockify?token=${token}`;
