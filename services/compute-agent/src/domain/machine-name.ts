import { isId } from '#libs/mesh/index.ts';

/**
 * Reads the machine out of a token without checking the token: only for logs and folder names. Undefined if
 * the token is not an agent's.
 */
export const machineOf = (token: string): string | undefined => {
  const [, payload = ''] = token.split('.');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const machine =
      typeof claims === 'object' && claims !== null && 'machine' in claims
        ? claims.machine
        : undefined;
    return typeof machine === 'string' && isId(machine) ? machine : undefined;
  } catch {
    return undefined;
  }
};
