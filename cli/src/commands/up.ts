import { Command } from 'commander';
import type { Actions } from '../invocation.ts';

export const upCommand = ({ does }: Actions): Command => new Command('up').action(does<[]>(async () => {}));
