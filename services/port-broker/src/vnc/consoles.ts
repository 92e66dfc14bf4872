import { createLimit, every } from '#libs/async/index.ts';
import type { Config } from '../config.ts';
import { isOver, type SessionEnd } from '../domain/session.ts';
import {
  openSessionManager,
  type SessionManagerOptions,
  type StartedSession,
} from '../session/session-manager.ts';
import { greet, reach, type Unreached } from './banner.ts';
import { targetUnreachable, vmHasOtherTarget } from './errors.ts';
import { openMembers } from './members.ts';
import { addressOf, type Target } from './target.ts';
import { openTokens } from './tokens.ts';
import { createViewers, type Viewers } from './viewers.ts';
import {
  bracketed,
  pageOf,
  socketOf,
  websockifySessions,
  type VncSession,
  type VncSpec,
} from './websockify.ts';

export interface WantedConsole {
  vm: string;
  target: Target;
  isGateway: boolean;
  mayBeUnreachable: boolean;
  owner: string;
  /** See `Ask.isBound`. */
  isBound: boolean;
  waitMs: number | undefined;
}

export interface Way {
  port: number;
  url: string;
  /** How long the URL is valid, in milliseconds; undefined: as long as the session. */
  forMs: number | undefined;
  pid: number;
}

export interface Consoles {
  start(wanted: WantedConsole, signal: AbortSignal): Promise<StartedSession<VncSpec>>;
  /** Living sessions, and those that ended in the last days. */
  list(): VncSession[];
  get(id: string): VncSession | undefined;
  /** The living session of a machine. */
  ofVm(vm: string): VncSession | undefined;
  stop(id: string, end: SessionEnd): Promise<VncSession>;
  stopAll(): Promise<void>;
  /** How viewers reach a session; `host` is the name that they use. undefined: it is over. */
  way(session: VncSession, host: string): Way | undefined;
  viewers: Pick<Viewers, 'look' | 'seen'>;
  close(): void;
}

const GATEWAY = 'gateway';
const GATEWAY_SPEC: VncSpec = {
  vm: '',
  target: '',
  address: '',
  targetPort: 0,
  mayBeUnreachable: true,
  isReachable: true,
};
const LOOK_EVERY_MS = 5_000;
const CHECK_EVERY_MS = 5_000;
const REACHES_AT_ONCE = 8;

/** `tokensFolder` is the folder of the gateway's tokens. */
export const openConsoles = (
  { address: listenAddress, vnc }: Pick<Config, 'address' | 'vnc'>,
  keeping: SessionManagerOptions,
  { tokensFolder, bootId }: { tokensFolder: string; bootId: string },
): Consoles => {
  const { clock } = keeping;
  const tokens = openTokens(tokensFolder, vnc.tokenMs, bootId, keeping.random);
  const inTurn = createLimit(REACHES_AT_ONCE);
  const closing = new AbortController();
  const waiting = { clock, closing: closing.signal };
  /** When each session's machine was last asked, monotonic milliseconds. */
  const checkedAt = new Map<string, number>();
  /** The `readyAtMs` of the gateway's last start that a WebSocket has proved. */
  let provedAtMs: number | undefined;
  /** The address at which this process itself connects. */
  const nearby =
    listenAddress === '0.0.0.0' ? '127.0.0.1' : listenAddress === '::' ? '::1' : listenAddress;

  const gateway = (): VncSession | undefined => manager.ofKey(GATEWAY);
  const startGateway = (signal: AbortSignal, waitMs?: number) => {
    const holder = 'websockify, the gateway to consoles';
    const wanted = { key: GATEWAY, owner: '', isBound: false, holder, spec: GATEWAY_SPEC, waitMs };
    return manager.start(wanted, signal);
  };
  const note = (id: string, change: Partial<Pick<VncSession, 'lastActivityMs' | 'spec'>>): void =>
    (members.get(id) === undefined ? manager : members).note(id, change);
  /**
   * A WebSocket proves each start of a websockify that has its own port. All sessions share the gateway, so one
   * WebSocket proves each of its starts, and the broker asks the other machines directly. Each WebSocket costs
   * websockify a process, and the broker may ask a thousand machines again every few seconds.
   */
  const tryToReach = async (session: VncSession): Promise<Unreached> => {
    const { address, targetPort } = session.spec;
    if (!isMember(session)) {
      return reach(socketOf(nearby, session.port), waiting);
    }
    const unreached = await greet(address, targetPort, waiting);
    const through = gateway();
    if (through === undefined) {
      return 'the gateway does not run';
    }
    if (unreached !== undefined || provedAtMs === through.readyAtMs) {
      return unreached;
    }
    const broken = await reach(socketOf(nearby, through.port, tokens.mint(session.id)), waiting);
    if (broken === undefined) {
      provedAtMs = through.readyAtMs;
    }
    return broken;
  };
  /** Checks that a session whose websockify runs leads to a VNC server. */
  const started = async (session: VncSession): Promise<void> => {
    checkedAt.set(session.id, clock.monotonic());
    const unreached = await inTurn(() => tryToReach(session));
    const { vm, target, mayBeUnreachable } = session.spec;
    // A session that was ready once goes on, whatever happens to its machine.
    const isKept = mayBeUnreachable || session.readyAtMs !== undefined;
    if (unreached !== undefined && !isKept) {
      throw targetUnreachable(vm, target, unreached);
    }
    note(session.id, { spec: { ...session.spec, isReachable: unreached === undefined } });
  };
  /** An existing session. Its machine is asked again unless that happened a moment ago: see `reach`. */
  const checked = async (session: VncSession): Promise<VncSession> => {
    const { id, state } = session;
    const age = clock.monotonic() - (checkedAt.get(id) ?? -Infinity);
    if (state === 'ready' && age > CHECK_EVERY_MS) {
      await started(session);
    }
    return get(id) ?? session;
  };

  const viewers = createViewers({
    clock,
    tokens,
    sessions: () => living(),
    gateway,
    nonces: (id) => manager.nonces(id),
    used: (id) => note(id, { lastActivityMs: clock.now() }),
  });
  const manager = openSessionManager(
    websockifySessions({ ...vnc, address: listenAddress, tokens: tokens.folder, started }),
    keeping,
  );
  const members = openMembers({
    ...keeping,
    tokens,
    started: async (session) => {
      await startGateway(closing.signal);
      await started(session);
    },
    hangUp: (id) => viewers.hangUp(id),
  });
  const list = (): VncSession[] => [
    ...manager.list().filter(({ spec }) => spec.vm !== ''),
    ...members.list(),
  ];
  const get = (id: string): VncSession | undefined => {
    const found = members.get(id) ?? manager.get(id);
    return found?.spec.vm === '' ? undefined : found;
  };
  const living = (): VncSession[] => list().filter((session) => !isOver(session));
  const livingMembers = (): VncSession[] => living().filter(isMember);
  const ofVm = (vm: string): VncSession | undefined => members.ofVm(vm) ?? manager.ofKey(keyOf(vm));

  /** Ends the gateway with its last session, because others may need the port. */
  const endGateway = async (): Promise<void> => {
    const session = gateway();
    if (session !== undefined && livingMembers().length === 0) {
      await manager.stop(session.id, 'stopped');
    }
  };
  const startNew = async (
    { vm, target, isGateway, mayBeUnreachable, owner, isBound, waitMs }: WantedConsole,
    address: string,
    signal: AbortSignal,
  ): Promise<StartedSession<VncSpec>> => {
    const where = { target: nameOf(target), address, targetPort: target.port };
    const spec = { vm, ...where, mayBeUnreachable, isReachable: false };
    if (isGateway) {
      return { session: await members.start({ owner, spec }), isReused: false };
    }
    const holder = `console of ${vm}`.slice(0, 200);
    return manager.start({ key: keyOf(vm), owner, isBound, holder, spec, waitMs }, signal);
  };

  const tryAgain = async (): Promise<void> => {
    const lost = living().filter(({ state, spec }) => state === 'ready' && !spec.isReachable);
    await Promise.all(lost.map(started));
  };
  /** Restarts a gateway that was given up, and revokes tokens of sessions that ended while this process was killed. */
  const mend = async (): Promise<void> => {
    const led = await tokens.led();
    const ids = new Set(livingMembers().map(({ id }) => id));
    for (const id of led.filter((each) => !ids.has(each))) {
      await tokens.revoke(id);
      await viewers.hangUp(id);
    }
    if (livingMembers().length > 0) {
      await startGateway(closing.signal);
    } else {
      await endGateway();
    }
  };
  const loops = [() => viewers.look(), tryAgain, mend].map((round) =>
    every({ clock, everyMs: LOOK_EVERY_MS, isPauseFirst: true }, round),
  );

  return {
    start: async (wanted, signal) => {
      const address = await addressOf(wanted.target, vnc.networks);
      if (wanted.isGateway && ofVm(wanted.vm) === undefined) {
        await startGateway(signal, wanted.waitMs);
      }
      let known = ofVm(wanted.vm);
      while (known !== undefined && isMember(known) && known.state === 'stopping') {
        await members.stop(known.id, 'stopped');
        known = ofVm(wanted.vm);
      }
      if (known === undefined) {
        return startNew(wanted, address, signal);
      }
      if (known.spec.target !== nameOf(wanted.target)) {
        throw vmHasOtherTarget(wanted.vm, known.id, known.spec.target);
      }
      if (isMember(known)) {
        await members.begun(known.id);
        return { session: await checked(members.get(known.id) ?? known), isReused: true };
      }
      // It may be starting or ending, so the session manager decides.
      const begun = await startNew({ ...wanted, isGateway: false }, address, signal);
      return { ...begun, session: await checked(begun.session) };
    },
    list,
    get,
    ofVm,
    stop: async (id, end) => {
      const ended = await (members.get(id) === undefined ? manager : members).stop(id, end);
      viewers.forget(id);
      checkedAt.delete(id);
      await endGateway();
      return ended;
    },
    stopAll: async () => {
      await Promise.all(livingMembers().map(({ id }) => members.stop(id, 'stopped')));
      await manager.stopAll();
    },
    way: (session, host) => {
      const through = isMember(session) ? gateway() : session;
      if (isOver(session) || through === undefined || through.port === 0) {
        return undefined;
      }
      const { port } = through;
      const about = { port, pid: manager.pid(through.id, 'websockify') ?? 0 };
      return isMember(session)
        ? { ...about, url: pageOf(host, port, tokens.mint(session.id)), forMs: vnc.tokenMs }
        : { ...about, url: pageOf(host, port), forMs: undefined };
    },
    viewers,
    close: () => {
      for (const loop of loops) {
        void loop.stop();
      }
      closing.abort(new Error('this process ends'));
      manager.close();
    },
  };
};

/** Whether a console goes through the gateway. */
export const isMember = ({ type }: VncSession): boolean => type === 'vnc-member';

const keyOf = (vm: string): string => `vm ${vm}`;
const nameOf = ({ host, port }: Target): string => `${bracketed(host)}:${port}`;
