/** Who may be on the other side of a call; see `muster.common.v1.Role` for what each may do. */
export const roles = ['customer', 'operator', 'agent', 'service'] as const;

export type Role = (typeof roles)[number];

/** A caller whose token was verified. */
export interface Caller {
  role: Role;
  /** The token's `sub`; for a customer the customer id. A caller's string: never part of a path or subject. */
  subject: string;
  /** The token's `machine`, only in agents' tokens. */
  machine?: string;
}

/** What a customer id looks like: 1 to 128 characters, none of them invisible. Customers' tokens name it as their subject. */
export const isCustomerId = (text: string): boolean => /^[^\p{C}\p{Z}]{1,128}$/u.test(text);

/** For messages about one that does not. */
export const CUSTOMER_ID_RULE = 'must be 1 to 128 characters without blanks';

export const isRole = (value: unknown): value is Role => roles.some((role) => role === value);
