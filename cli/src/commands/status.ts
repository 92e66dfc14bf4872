import { Command } from 'commander';
import type { Actions } from '../invocation.ts';

export const statusCommand = ({ does }: Actions): Command => new Command('status').action(does<[]>(async () => {}));
