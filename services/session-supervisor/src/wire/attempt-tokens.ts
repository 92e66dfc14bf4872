import { timingSafeEqual } from 'node:crypto';
import {
  attemptToken,
  verifyAttemptToken,
  workloadKey,
  type AttemptFields,
  type Secret,
} from '#libs/auth/index.ts';

/** The tokens of one workload's attempts. */
export interface AttemptTokens {
  /** The token that proves that this attempt was handed to this user. */
  make(fields: AttemptFields): Buffer;
  /** Whether `token` is the token of these fields, whichever owner of the workload made it. */
  isMade(fields: AttemptFields, token: Uint8Array): boolean;
}

/** Number of tokens that are remembered: more than the tasks that are out for one workload at most times. */
const MAX_REMEMBERED = 8_192;

/** Remembers the newest tokens that it made, because an HMAC costs ten times as much as a comparison. */
export const createAttemptTokens = (meshSecret: Secret, workload: string): AttemptTokens => {
  const key = workloadKey(meshSecret, workload);
  const made = new Map<string, AttemptFields & { token: Buffer }>();
  return {
    make: (fields) => {
      const token = Buffer.from(attemptToken(key, fields));
      made.set(fields.attempt, { ...fields, token });
      if (made.size > MAX_REMEMBERED) {
        made.delete(made.keys().next().value ?? '');
      }
      return token;
    },
    isMade: (fields, token) => {
      const known = made.get(fields.attempt);
      const isKnown =
        known?.task === fields.task &&
        known.generation === fields.generation &&
        known.user === fields.user &&
        token.length === known.token.length &&
        timingSafeEqual(token, known.token);
      return isKnown || verifyAttemptToken(key, fields, token);
    },
  };
};
