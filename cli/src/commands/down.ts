import { Command } from 'commander';
import type { Actions } from '../invocation.ts';

export const downCommand = ({ does }: Actions): Command => new Command('down').action(does<[]>(async () => {}));
