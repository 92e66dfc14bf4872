import { Command } from 'commander';
import type { Actions } from '../invocation.ts';

export const agentCommand = ({ does }: Actions): Command => new Command('agent').action(does<[]>(async () => {}));
