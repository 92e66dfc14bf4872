import {
  FailureClass,
  Verdict,
  type FailureClassName,
  type FurtherFile as ProtoFurtherFile,
  type Held,
  type Outcome as ProtoOutcome,
  type Report as ProtoReport,
} from '#libs/contracts/agent.ts';
import type { Attempt, UsedEngine as ProtoUsedEngine } from '#libs/contracts/common.ts';
import { DrainRequest, type SetDemandResponse } from '#libs/contracts/user.ts';
import { isSha256 } from '#libs/mesh/index.ts';
import type { Assigned } from '../domain/scheduling/workers.ts';
import type { FurtherFile, UsedEngine } from '../domain/state/entries.ts';
import type { Outcome } from '../domain/decisions/decision.ts';
import type { WorkloadHeader } from '../domain/state/workload.ts';
import type { HeldClaim, Report } from '../domain/decisions/inputs.ts';
import {
  checkpointForgery,
  isHandedOut,
  provenLog,
  resultForgery,
  type Proofs,
} from './admission.ts';

/** Bounds of the texts that an agent can bring into the journal; longer ones are cut. */
const MAX_REASON = 1_000;
const MAX_NAMES = 100;
const MAX_NAME = 1_024;
const MAX_NOTES = 8;
const MAX_NOTE = 200;
const MAX_ENGINE = 64;
const MAX_CHECKPOINT_NAME = 64;

const DRAINS: Partial<Record<DrainRequest, Assigned['drain']>> = {
  [DrainRequest.NOW]: 'now',
  [DrainRequest.AFTER_TASK]: 'after-task',
};

/** The users that the matcher names. One whose message lacks a required field is left out. */
export const usersFromProto = ({ users }: Pick<SetDemandResponse, 'users'>): Assigned[] =>
  users.flatMap((user) => {
    const { claim, capability } = user;
    if (claim === undefined || capability === undefined) {
      return [];
    }
    const assigned: Assigned = {
      id: claim.userId,
      connection: claim.connectionId,
      claim: claim.claim,
      name: user.name,
      manager: user.managerId,
      slots: Math.max(1, user.slots),
      memoryBytes: capability.memoryBytes,
      engines: capability.engines.map(({ name, version, devices }) => ({
        name,
        version,
        devices: devices.map(({ memoryBytes }) => ({ memoryBytes })),
      })),
      drain: DRAINS[user.drain] ?? 'no',
      owner: user.ownerId || claim.userId,
      goodLooks: user.goodLooks,
    };
    return [assigned];
  });

/** Checks a user's reports. A report that proves nothing is marked as a forgery; one that lacks required fields is left out. */
export const reportsFromProto = (
  proofs: Proofs,
  header: WorkloadHeader,
  user: string,
  reports: readonly ProtoReport[],
): Report[] =>
  reports.flatMap(({ reportId, attempt: handedOut, body }) => {
    if (handedOut === undefined || body === undefined) {
      return [];
    }
    const { task, generation, attempt } = handedOut;
    const isOurs = isHandedOut(proofs, handedOut, user);
    const fault = isOurs ? faultOf(proofs, header, handedOut, body) : undefined;
    const forgery = isOurs ? fault : 'TOKEN_INVALID';
    const base = { reportId, task, generation, attempt, ...(forgery && { forgery }) };
    return [{ ...base, body: bodyFromProto(proofs, header, handedOut, body) }];
  });

/** Why the body of a report proves nothing, although its attempt was handed out; undefined if it proves what it says. */
const faultOf = (
  proofs: Proofs,
  header: WorkloadHeader,
  handedOut: Attempt,
  body: NonNullable<ProtoReport['body']>,
): string | undefined => {
  if (body.$case === 'completed') {
    return resultForgery(proofs, header, handedOut, body.value);
  }
  return body.$case === 'checkpointed'
    ? checkpointForgery(proofs, header, handedOut, body.value)
    : undefined;
};

const bodyFromProto = (
  proofs: Proofs,
  header: WorkloadHeader,
  handedOut: Attempt,
  body: NonNullable<ProtoReport['body']>,
): Report['body'] => {
  switch (body.$case) {
    case 'started':
      return { kind: 'started' };
    case 'completed': {
      const {
        receipt,
        sha256,
        pixelHash,
        seconds,
        notes,
        used,
        ending,
        files,
        flawed,
        resumedAttempt,
      } = body.value;
      return {
        kind: 'completed',
        seconds: sane(seconds),
        blob: receipt?.blobName ?? '',
        sha256,
        sizeBytes: receipt?.sizeBytes ?? 0,
        pixelHash: isSha256(pixelHash) ? pixelHash : '',
        notes: notes.slice(0, MAX_NOTES).map((note) => note.slice(0, MAX_NOTE)),
        ...(used && { used: usedFromProto(used) }),
        ...(ending !== '' && { ending }),
        ...(files.length > 0 && { files: files.map(fileFromProto) }),
        ...(resumedAttempt && { resumedAttempt }),
        ...(flawed === true && { isFlawed: true as const }),
      };
    }
    case 'failed': {
      const { failureClass, reason, seconds, logReceipt, names } = body.value;
      return {
        kind: 'failed',
        failureClass: classFromProto(failureClass),
        reason: reason.slice(0, MAX_REASON),
        seconds: sane(seconds),
        log: provenLog(proofs, header, handedOut, logReceipt),
        names: names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME)),
      };
    }
    case 'checkpointed': {
      const { receipt, position, name } = body.value;
      return {
        kind: 'checkpointed',
        position,
        name: name.slice(0, MAX_CHECKPOINT_NAME),
        blob: receipt?.blobName ?? '',
        sha256: receipt?.sha256 ?? '',
        sizeBytes: receipt?.sizeBytes ?? 0,
      };
    }
    case 'yielded': {
      const { reason, seconds } = body.value;
      return { kind: 'yielded', reason: reason.slice(0, MAX_NOTE), seconds: sane(seconds) };
    }
    default:
      return body satisfies never;
  }
};

const fileFromProto = ({ receipt, pixelHash, ending }: ProtoFurtherFile): FurtherFile => ({
  blob: receipt?.blobName ?? '',
  sha256: receipt?.sha256 ?? '',
  sizeBytes: receipt?.sizeBytes ?? 0,
  pixelHash: isSha256(pixelHash) ? pixelHash : '',
  ending,
});

const usedFromProto = ({ engine, version, device }: ProtoUsedEngine): UsedEngine => ({
  engine: engine.slice(0, MAX_ENGINE),
  version: version.slice(0, MAX_ENGINE),
  device: device.slice(0, MAX_ENGINE),
});

/** Bounds a span to one day, because agents may lie about time. */
const sane = (seconds: number): number => (seconds >= 0 ? Math.min(seconds, 86_400) : 0);

/** The class of a failure. A later build's is taken as `AGENT_ERROR`, because it is not known to be the task's fault. */
const classFromProto = (value: FailureClass): FailureClassName =>
  value === FailureClass.UNSPECIFIED
    ? 'RENDER_ERROR'
    : value === FailureClass.UNRECOGNIZED
      ? 'AGENT_ERROR'
      : (value.slice('FAILURE_CLASS_'.length) as FailureClassName);

/** The attempts that a user says it holds, as far as it can prove it. */
export const heldFromProto = (proofs: Proofs, user: string, { attempts }: Held): HeldClaim[] =>
  attempts
    .filter((attempt) => isHandedOut(proofs, attempt, user))
    .map(({ task, generation, attempt }) => ({ task, generation, attempt }));

export const outcomeToProto = ({ reportId, verdict, reason }: Outcome): ProtoOutcome => ({
  reportId,
  verdict: { ACCEPTED: Verdict.ACCEPTED, SETTLED: Verdict.SETTLED, LATER: Verdict.LATER }[verdict],
  reason,
});
