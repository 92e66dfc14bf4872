/** Who may be on the other side of a call; see `muster.common.v1.Role` for what each may do. */
export const roles = ['customer', 'operator', 'agent', 'service'] as const;

export type Role = (typeof roles)[number];

/** A caller whose token was verified. */
export interface Caller {
  role: Role;
  /** The token's `sub`; for a customer the customer id, for a service its name. A customer chose it, so it is never part of a path or subject. */
  subject: string;
  /** The token's `machine`, only in agents' tokens. */
  machine?: string;
  /** When the token expires, by the wall clock. */
  expireTimeMs?: number;
}

/** Whether a text is a customer id: 1 to 128 characters, none of them invisible. It is the subject of a customer's token. */
export const isCustomerId = (text: string): boolean => /^[^\p{C}\p{Z}]{1,128}$/u.test(text);

/** Says in a message what a customer id must be. */
export const CUSTOMER_ID_RULE = 'must be 1 to 128 characters without blanks';

export const isRole = (value: unknown): value is Role => roles.some((role) => role === value);
