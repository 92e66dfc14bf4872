import { SessionCommand } from '#libs/contracts/session.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import type { Reads } from '../reads/reads.ts';
import type { SessionDeps } from './deps.ts';
import type { Sessions } from './sessions.ts';
import { isStoppedSo } from '../../domain/decisions/decide-commands.ts';
import { hasEnded } from '../../domain/state/workload.ts';
import { commandFromProto } from '../../wire/commands.ts';
import { changingHands, refusalError, requestIdReused, workloadNotFound } from './errors.ts';
import type { View } from '../reads/reads.ts';
import type { Scrubbed } from '../maintenance/scrub.ts';

/** A command as bus.proto defines it. */
export type CommandMessage = NonNullable<SessionCommand['command']>;

/** The dependencies of passing a command: the bus to the owner, and this replica if the workload has no owner. */
export interface ObeyDeps extends SessionDeps {
  reads: Reads;
  sessions: Pick<Sessions, 'reopen'>;
}

const AGAIN_MS = 200;
const ANSWER_MS = 5_000;

/** Passes a command to the workload's owner, or reopens a closed workload for it. Returns the workload once that is durable. */
export const obey = async (
  deps: ObeyDeps,
  id: string,
  ask: SessionCommand,
  until: number,
  signal: AbortSignal,
): Promise<View> => {
  const bytes = SessionCommand.encode(ask).finish();
  for (;;) {
    const closed = await closedView(deps, id);
    const decided = closed === undefined ? undefined : await decideClosed(deps, closed, ask);
    if (decided !== undefined) {
      return decided;
    }
    const left = until - deps.clock.monotonic();
    if (left <= 0) {
      throw changingHands(id);
    }
    if (
      closed === undefined &&
      (await isObeyed(deps, id, bytes, Math.min(left, ANSWER_MS), signal))
    ) {
      return viewOf(deps, id);
    }
    await deps.clock.sleep(AGAIN_MS, signal);
  }
};

/** Passes a command to the owner. Returns false if there is none now. */
const isObeyed = async (
  { bus }: Pick<ObeyDeps, 'bus'>,
  id: string,
  bytes: Uint8Array,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> => {
  try {
    await bus.request(sessionSubject(id, 'command'), bytes, { timeoutMs, signal });
    return true;
  } catch (thrown) {
    if (!isTransient(thrown)) {
      throw thrown;
    }
    return false;
  }
};

/** The command that repairs the findings of a scrub; undefined if there are none. */
export const repairOf = ({
  missing,
  damaged,
}: Pick<Scrubbed, 'missing' | 'damaged'>): CommandMessage | undefined => {
  const all = [...missing, ...damaged];
  if (all.length === 0) {
    return undefined;
  }
  const reason = `${missing.length} results missing, ${damaged.length} damaged`;
  return { $case: 'repair', value: { damaged: all, reason } };
};

/**
 * Whether a command may be passed again after this error. Repeating any command is safe, because a repetition changes
 * nothing.
 */
const isTransient = (thrown: unknown): boolean =>
  isDomainError(thrown) &&
  ['NO_RESPONDER', 'REPLY_TIMEOUT', 'WORKLOAD_CHANGES_HANDS', 'SESSION_BUSY'].includes(
    thrown.reason,
  );

const viewOf = async (deps: ObeyDeps, id: string): Promise<View> => {
  const view = await deps.reads.view(id);
  if (view === undefined) {
    throw workloadNotFound(id);
  }
  return view;
};

const closedView = async (deps: ObeyDeps, id: string): Promise<View | undefined> => {
  const view = await viewOf(deps, id);
  return view.state.closed ? view : undefined;
};

/**
 * Decides a command on a closed workload. A retry or a repair reopens it. A repetition and a stop of a stopped workload change
 * nothing; every other command is refused. Undefined if the workload changed meanwhile and the caller must look again.
 */
const decideClosed = async (
  deps: ObeyDeps,
  view: View,
  ask: SessionCommand,
): Promise<View | undefined> => {
  const { state, document } = view;
  if (!hasEnded(state)) {
    throw new Error(`workload ${document._id} is closed, yet has not ended`);
  }
  const { command: wanted, request } = commandFromProto(ask);
  const known = request === undefined ? undefined : state.requests.get(request.requestId);
  if (known !== undefined && known !== request?.requestHash) {
    throw requestIdReused(ask.requestId);
  }
  if (known !== undefined || isStoppedSo(state, wanted)) {
    return view;
  }
  if (wanted.kind !== 'retry' && wanted.kind !== 'repair') {
    throw refusalError(document._id, { reason: 'WORKLOAD_ENDED', state: state.phase });
  }
  const isOpen = await deps.sessions.reopen({ document, state, command: wanted, request });
  if (isOpen) {
    deps.events.commandObeyed(document._id, wanted.kind);
  }
  return isOpen ? viewOf(deps, document._id) : undefined;
};
