import { isId } from '#libs/mesh/index.ts';

/** The machine that a token is for, without checking it: for logs and folder names only. Undefined if it is no agent's. */
export const machineOf = (token: string): string | undefined => {
  const [, payload = ''] = token.split('.');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const machine = typeof claims === 'object' && claims !== null && 'machine' in claims ? claims.machine : undefined;
    return typeof machine === 'string' && isId(machine) ? machine : undefined;
  } catch {
    return undefined;
  }
};
