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

export const isRole = (value: unknown): value is Role => roles.some((role) => role === value);
