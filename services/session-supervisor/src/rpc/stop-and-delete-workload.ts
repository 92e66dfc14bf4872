import type { StopAndDeleteWorkloadRequest } from '#libs/contracts/session.ts';
import { commandRpc } from './command.ts';

export const stopAndDeleteWorkload = commandRpc(
  ({ deleteResults }: StopAndDeleteWorkloadRequest) => ({
    $case: 'stop',
    value: { deleteResults },
  }),
);
