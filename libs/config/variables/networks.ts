import { z } from 'zod';
import { describe } from '../meta.ts';
import { parseNetworks } from '../networks.ts';

/** Networks in CIDR notation between commas, as a list to check addresses against; empty for none. */
export const networks = () =>
  describe(
    z.string().transform((value, context) => {
      const words = value.split(',').map((word) => word.trim());
      try {
        return parseNetworks(words.filter((word) => word !== ''));
      } catch (thrown) {
        context.addIssue(thrown instanceof Error ? thrown.message : String(thrown));
        return z.NEVER;
      }
    }),
    { example: '10.0.0.0/8' },
  );
