import { createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { hmac, type Secret } from './secret.ts';

/** The fields that an attempt's token signs. */
export interface AttemptFields {
  /** The task's key `<node>/<index>`. */
  task: string;
  generation: number;
  /** The attempt's id, `<epoch>-<counter>`. */
  attempt: string;
  /** The machine that the attempt was handed to. */
  user: string;
}

/** 128 bit: too many to guess, small enough for every message of the agents' streams. */
export const ATTEMPT_TOKEN_BYTES = 16;

/** The key that signs one workload's attempts. Making it costs an HMAC, so keep it. */
export const workloadKey = (meshSecret: Secret, workloadId: string): KeyObject =>
  createSecretKey(hmac(meshSecret, 'workload', [workloadId]));

/** The token that proves that the workload's owner handed this attempt to this user: the head of an HMAC-SHA-256. */
export const attemptToken = (key: KeyObject, fields: AttemptFields): Uint8Array =>
  hmac(key, 'attempt', [fields.task, fields.generation, fields.attempt, fields.user]).subarray(
    0,
    ATTEMPT_TOKEN_BYTES,
  );

/** Compares in constant time. */
export const verifyAttemptToken = (
  key: KeyObject,
  fields: AttemptFields,
  token: Uint8Array,
): boolean =>
  token.length === ATTEMPT_TOKEN_BYTES && timingSafeEqual(attemptToken(key, fields), token);
