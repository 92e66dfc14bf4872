import { within } from '#libs/async/index.ts';
import { AgentServiceService, type Hello } from '#libs/contracts/agent.ts';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import type { AgentFeature } from '#libs/contracts/agent-features.ts';
import { createClient } from '#libs/grpc/index.ts';
import type { Config } from './config.ts';
import type { Context } from './context.ts';
import { machineOf } from './domain/machine-name.ts';
import { progressOf } from './wire/progress.ts';
import { reportBody } from './wire/report-body.ts';
import { logEvents } from './events.ts';
import { openLink } from './link/link.ts';
import { createOutgoing } from './link/outgoing.ts';
import type { Kept } from './outbox/kept.ts';
import { createDelivery } from './work/delivery.ts';
import { type CheckpointOptions, keepCheckpoints } from './work/checkpoints.ts';
import { fetchInputs } from './work/inputs.ts';
import { fetchParts } from './work/part-fetching.ts';
import { openWork } from './work/opening.ts';
import { createTally } from './telling.ts';
import { startSlotGroup } from './work/slot-group.ts';

/** The protocol's bounds for one message about what is held. */
const MAX_WORKLOADS_HELD = 1_000;
const MAX_ATTEMPTS_HELD = 10_000;

/** How long tasks that make checkpoints get to make their last one and have it stored. */
export const MAX_YIELD_MS = 300_000;

/** How long the files of results get to become durable here. */
const MAX_RECORD_MS = 30_000;

const AGENT_VERSION = '0.1.0';

/** Puts one machine to work, under one token: its connection, its slots and its reports. */
export const startMachine = (token: string, config: Config, context: Context) => {
  const { clock, random, capability, engines, cache, projectsDir, outboxes } = context;
  const { slots, tls, insecure } = config;
  const { user, blob } = config.endpoints;
  const machine = machineOf(token);
  const events = logEvents(context.log.child({ machine }));
  const stopped = new AbortController();
  const agents = createClient(AgentServiceService, { target: user, tls, insecure, token });
  const blobs = createClient(BlobServiceService, { target: blob, tls, insecure, token });
  const outbox = outboxes.of(machine);
  const outgoing = createOutgoing({ clock, random });
  const tally = createTally();
  const quiet = Promise.withResolvers<void>();
  let isLeaving = false;
  /** Whether the manager of the latest stream takes checkpoints and tasks that are given back. */
  let canHandOver = false;

  const checkQuiet = (): void => {
    if (!isLeaving) {
      return;
    }
    const isIdle = slotGroup.running() === 0 && !delivery.isRecording();
    if (isIdle && outbox.size() === 0) {
      quiet.resolve();
    }
  };
  const report = ({ key, workloadId, attempt, outcome, receipt, fileReceipts }: Kept): void =>
    outgoing.report(key, {
      workloadId,
      attempt,
      body: reportBody(outcome, receipt, fileReceipts),
    });

  const delivery = createDelivery({
    blobs,
    outbox,
    onStored: report,
    signal: stopped.signal,
    clock,
    random,
    events,
  });
  /** Of the checkpoints of an attempt only the newest waits to be acknowledged. */
  const onCheckpoint: CheckpointOptions['onStored'] = async (of, stored) => {
    const { number, replaces, receipt, ...made } = stored;
    const keyOf = (n: number): string => `${of.key}/${n}`;
    const outcome = { kind: 'checkpointed', ...made } as const;
    const { workloadId, attempt } = of;
    const keeping = outbox.keep({ key: keyOf(number), workloadId, attempt, outcome, receipt });
    // In one write with the newer one.
    outbox.forget(keyOf(replaces));
    outgoing.drop(keyOf(replaces));
    report(await keeping);
    events.checkpointed(of, made.name);
  };
  const fetching = { cache, blobs, clock, random, onRetry: events.sceneDelayed };
  const slotGroup = startSlotGroup({
    slots,
    open: openWork({ ...fetching, projectsDir, engines, onClosingFailed: events.closingFailed }),
    fetchInput: fetchInputs(fetching),
    keepCheckpoints: keepCheckpoints({
      blobs,
      onStored: onCheckpoint,
      onLost: events.checkpointLost,
      onRetry: events.checkpointDelayed,
      clock,
      random,
    }),
    fetchParts: fetchParts(fetching),
    onStarted: ({ workloadId, attempt }) =>
      outgoing.started({ workloadId, attempt, body: { $case: 'started', value: {} } }),
    onProgress: (assignments) => outgoing.progress(progressOf(assignments, clock.monotonic())),
    onDone: (assignment, outcome) => {
      events.finished(assignment, outcome);
      tally.finished(outcome);
      return delivery.deliver(assignment, outcome);
    },
    onIdle: checkQuiet,
    clock,
  });

  const held = (): Hello['held'] =>
    slotGroup
      .held()
      .slice(0, MAX_WORKLOADS_HELD)
      .map((each) => ({ ...each, attempts: each.attempts.slice(0, MAX_ATTEMPTS_HELD) }));

  /** A machine without room for results offers no engines, and the mesh gives its work to others. */
  const capabilityNow = (): Hello['capability'] =>
    outboxes.hasRoom() ? capability : { ...capability, engines: [] };

  for (const kept of outbox.restored) {
    if (kept.outcome.kind !== 'checkpointed') {
      slotGroup.restore(kept);
    }
    delivery.resume(kept);
  }

  const link = openLink({
    connect: () => agents.connect(),
    hello: () => ({
      agentVersion: AGENT_VERSION,
      slots,
      capability: capabilityNow(),
      held: held(),
      ...outboxes.nextStream(),
    }),
    listener: {
      desired: (state) => {
        const { workloadId, epoch, adopt } = state;
        if (slotGroup.apply(state)) {
          events.asked(state);
          tally.for(state.work?.customerId ?? '');
        }
        if (adopt) {
          // The new owner does not know what has begun.
          slotGroup.announceAgain();
          const none = { workloadId, attempts: [] };
          outgoing.held(() => ({
            ...(held().find((each) => each.workloadId === workloadId) ?? none),
            epoch,
          }));
        }
      },
      outcomes: (outcomes) => {
        for (const { key, isAccepted, reason } of outgoing.decide(outcomes).done) {
          const kept = outbox.get(key);
          if (!isAccepted && kept !== undefined) {
            events.notNeeded(kept, reason);
          }
          outbox.forget(key);
          slotGroup.decided(key);
        }
        checkQuiet();
      },
    },
    outgoing,
    onWelcome: (features) => {
      canHandOver = features.includes('checkpoints' satisfies AgentFeature);
      tally.connected(true);
      slotGroup.announceAgain();
    },
    onDetached: () => tally.connected(false),
    clock,
    random,
    events,
  });

  outboxes.onRoom((hasRoom, why) => {
    if (hasRoom) {
      slotGroup.resume();
    } else {
      slotGroup.drain();
    }
    void link.renew(hasRoom ? 'there is room for results again' : `no room for results: ${why}`);
  });

  const stopWhenSuperseded = async (): Promise<void> => {
    if ((await link.ended) === 'superseded') {
      await slotGroup.end();
    }
  };
  void stopWhenSuperseded();

  return {
    /** Resolves at the first connection. */
    welcomed: link.welcomed,
    /** What it does, for the person who lends it. */
    told: () => tally.told(slotGroup.doing(), delivery.delayed()),
    /** Resolves when its connection is over for good. */
    ended: link.ended,
    /**
     * Finishes what runs and waits for the acknowledgements, for `graceMs` at most. Then it hands back the rest. Tasks that make
     * checkpoints are given back with one, for which they have longer.
     */
    async leave(reason: string, graceMs: number): Promise<void> {
      events.leaving({ running: slotGroup.running(), unacknowledged: outbox.size() });
      slotGroup.drain();
      isLeaving = true;
      checkQuiet();
      if (canHandOver) {
        slotGroup.yield(reason);
      }
      const done = Promise.race([quiet.promise, link.ended]);
      await within(clock, graceMs, done);
      if (canHandOver && slotGroup.canYield()) {
        await within(clock, MAX_YIELD_MS, Promise.race([slotGroup.yielded(), link.ended]));
        await within(clock, graceMs, done);
      }
      stopped.abort();
      await slotGroup.end();
      await within(clock, MAX_RECORD_MS, delivery.recorded());
      await link.leave(reason);
      outgoing.end();
      agents.close();
      blobs.close();
      events.left(outbox.size());
    },
  };
};
