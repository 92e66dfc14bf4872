/** The pattern of an id without anchors. Such ids fit into NATS subjects, blob names and keys. */
export const ID = '[a-z0-9-]{1,40}';

const id = new RegExp(`^${ID}$`);
const sha256 = /^[0-9a-f]{64}$/;

export const isId = (text: string): boolean => id.test(text);

/** Whether a text is a SHA-256 of 64 lower-case hexadecimal digits. */
export const isSha256 = (text: string): boolean => sha256.test(text);
