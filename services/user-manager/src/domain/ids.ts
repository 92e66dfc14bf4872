/** Ids that Muster made or allowed: fit for NATS subjects and keys. */
const ID = /^[a-z0-9-]{1,40}$/;

/** Whether a text may stand in a NATS subject and be a key. */
export const isId = (text: string): boolean => ID.test(text);
