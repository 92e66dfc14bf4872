import { isId } from '#libs/mesh/index.ts';

/** The machine that a token names, not checked: only for logs and folder names. `unknown` if it is not an agent's. */
export const machineOf = (token: string): string => {
  const [, payload = ''] = token.split('.');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const machine =
      typeof claims === 'object' && claims !== null && 'machine' in claims
        ? claims.machine
        : undefined;
    return typeof machine === 'string' && isId(machine) ? machine : 'unknown';
  } catch {
    return 'unknown';
  }
};
