/** The pattern of an id without anchors. Such ids fit into NATS subjects, blob names and keys. */
export const ID = '[a-z0-9-]{1,40}';

const id = new RegExp(`^${ID}$`);
const sha256 = /^[0-9a-f]{64}$/;

export const isId = (text: string): boolean => id.test(text);

/** Whether a text is a SHA-256 of 64 lower-case hexadecimal digits. */
export const isSha256 = (text: string): boolean => sha256.test(text);

/**
 * The pattern of an attempt's id, `<epoch>-<counter>`, without anchors. It is unique within a workload, because each
 * ownership has its own epoch and counts its attempts.
 */
export const ATTEMPT_ID = '(?:0|[1-9]\\d{0,9})-(?:0|[1-9]\\d{0,14})';

const attemptId = new RegExp(`^${ATTEMPT_ID}$`);

export const isAttemptId = (text: string): boolean => attemptId.test(text);

export const formatAttemptId = (epoch: number, counter: number): string => `${epoch}-${counter}`;
