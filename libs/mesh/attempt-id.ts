/**
 * The pattern of an attempt's id, `<epoch>-<counter>`, without anchors. It is unique within a workload, because each
 * ownership has its own epoch and counts its attempts.
 */
export const ATTEMPT_ID = '(?:0|[1-9]\\d{0,9})-(?:0|[1-9]\\d{0,14})';

const attemptId = new RegExp(`^${ATTEMPT_ID}$`);

export const isAttemptId = (text: string): boolean => attemptId.test(text);

export const formatAttemptId = (epoch: number, counter: number): string => `${epoch}-${counter}`;
