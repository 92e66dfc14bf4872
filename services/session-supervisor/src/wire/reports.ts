import {
  FailureClass as ProtoFailureClass,
  Verdict,
  type Held,
  type Report as ProtoReport,
} from '#libs/contracts/agent.ts';
import type { Outcome as ProtoOutcome } from '#libs/contracts/agent.ts';
import { DrainRequest, type AssignedUser, type SetDemandResponse } from '#libs/contracts/user.ts';
import { isSha256 } from '#libs/mesh/index.ts';
import type { Assigned } from '../domain/scheduling/workers.ts';
import type { Outcome } from '../domain/decisions/decision.ts';
import type { FailureClass } from '../domain/state/failure-class.ts';
import type { WorkloadHeader } from '../domain/state/header.ts';
import type { HeldClaim, Report } from '../domain/decisions/inputs.ts';
import { isHandedOut, provenLog, resultForgery, type Proofs } from './admission.ts';

/** Bounds of the texts that an agent can bring into the journal; longer ones are cut. */
const MAX_REASON = 1_000;
const MAX_NAMES = 100;
const MAX_NAME = 1_024;
const MAX_NOTES = 8;
const MAX_NOTE = 200;

/** A user as the domain knows it; undefined if the message lacks a required field. */
export const assignedFromProto = (user: AssignedUser): Assigned | undefined => {
  if (user.claim === undefined || user.capability === undefined) {
    return undefined;
  }
  const drain =
    user.drain === DrainRequest.NOW
      ? 'now'
      : user.drain === DrainRequest.AFTER_TASK
        ? 'after-task'
        : 'no';
  return {
    id: user.claim.userId,
    connection: user.claim.connectionId,
    claim: user.claim.claim,
    name: user.name,
    manager: user.managerId,
    slots: Math.max(1, user.slots),
    memoryBytes: user.capability.memoryBytes,
    engines: user.capability.engines.map(({ name, version }) => ({ name, version })),
    drain,
  };
};

/** The users that the matcher names. */
export const usersFromProto = ({ users }: Pick<SetDemandResponse, 'users'>): Assigned[] =>
  users.flatMap((user) => assignedFromProto(user) ?? []);

/** Checks a user's reports. A report that proves nothing is marked as a forgery; one that lacks required fields is left out. */
export const reportsFromProto = (
  proofs: Proofs,
  header: WorkloadHeader,
  user: string,
  reports: readonly ProtoReport[],
): Report[] => reports.flatMap((report) => reportFromProto(proofs, header, user, report) ?? []);

const reportFromProto = (
  proofs: Proofs,
  header: WorkloadHeader,
  user: string,
  { reportId, attempt: handedOut, body }: ProtoReport,
): Report | undefined => {
  if (handedOut === undefined || body === undefined) {
    return undefined;
  }
  const { task, generation, attempt } = handedOut;
  const base = { reportId, task, generation, attempt };
  const tokenForgery = isHandedOut(proofs, handedOut, user) ? {} : { forgery: 'TOKEN_INVALID' };
  switch (body.$case) {
    case 'started':
      return { ...base, ...tokenForgery, body: { kind: 'started' } };
    case 'completed': {
      const { receipt, sha256, pixelHash, seconds, notes } = body.value;
      const forgery = tokenForgery.forgery ?? resultForgery(proofs, header, handedOut, body.value);
      return {
        ...base,
        ...(forgery === undefined ? {} : { forgery }),
        body: {
          kind: 'completed',
          seconds: sane(seconds),
          blob: receipt?.blobName ?? '',
          sha256,
          sizeBytes: receipt?.sizeBytes ?? 0,
          pixelHash: isSha256(pixelHash) ? pixelHash : '',
          notes: notes.slice(0, MAX_NOTES).map((note) => note.slice(0, MAX_NOTE)),
        },
      };
    }
    case 'failed': {
      const { failureClass, reason, seconds, logReceipt, names } = body.value;
      return {
        ...base,
        ...tokenForgery,
        body: {
          kind: 'failed',
          failureClass: classFromProto(failureClass),
          reason: reason.slice(0, MAX_REASON),
          seconds: sane(seconds),
          log: provenLog(proofs, header, handedOut, logReceipt),
          names: names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME)),
        },
      };
    }
    default:
      return body satisfies never;
  }
};

/** Bounds a span to one day, because agents may lie about time. */
const sane = (seconds: number): number => (seconds >= 0 ? Math.min(seconds, 86_400) : 0);

const PREFIX = 'FAILURE_CLASS_';

const classFromProto = (value: ProtoFailureClass): FailureClass =>
  value === ProtoFailureClass.UNSPECIFIED
    ? 'RENDER_ERROR'
    : value === ProtoFailureClass.UNRECOGNIZED
      ? // A class of a later build: whoever it blames, it is not known to be the task.
        'AGENT_ERROR'
      : (value.slice(PREFIX.length) as FailureClass);

/** The attempts that a user says it holds, as far as it can prove it. */
export const heldFromProto = (proofs: Proofs, user: string, { attempts }: Held): HeldClaim[] =>
  attempts
    .filter((attempt) => isHandedOut(proofs, attempt, user))
    .map(({ task, generation, attempt }) => ({ task, generation, attempt }));

/** The outcome of a report, for the agent. */
export const outcomeToProto = ({ reportId, verdict, reason }: Outcome): ProtoOutcome => ({
  reportId,
  verdict: { ACCEPTED: Verdict.ACCEPTED, SETTLED: Verdict.SETTLED, LATER: Verdict.LATER }[verdict],
  reason,
});
