import { commandRpc } from './command.ts';

export const resumeWorkload = commandRpc(() => ({ $case: 'resume', value: {} }));
