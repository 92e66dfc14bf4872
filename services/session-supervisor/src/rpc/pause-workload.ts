import { commandRpc } from './command.ts';

export const pauseWorkload = commandRpc(() => ({ $case: 'pause', value: {} }));
