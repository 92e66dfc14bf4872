import { createHash } from 'node:crypto';
import { SessionCommand } from '#libs/contracts/session.ts';
import type { RequestMark } from '../domain/state/entries.ts';
import type { Command } from '../domain/decisions/inputs.ts';

/** Reads a command and the mark of its request. */
export const commandFromProto = (
  message: SessionCommand,
): { command: Command; request: RequestMark | undefined } => {
  const { requestId } = message;
  const command = toCommand(message);
  if (requestId === '') {
    return { command, request: undefined };
  }
  // The hash covers the command without the id. It is stable because the object's fields always have the same order.
  const requestHash = createHash('sha256').update(JSON.stringify(command)).digest('hex');
  return { command, request: { requestId, requestHash } };
};

const toCommand = ({ command }: SessionCommand): Command => {
  switch (command?.$case) {
    case 'stop':
      return { kind: 'stop', deleteResults: command.value.deleteResults };
    case 'pause':
      return { kind: 'pause' };
    case 'resume':
      return { kind: 'resume' };
    case 'setWanted':
      return { kind: 'set-wanted', wanted: command.value.wanted };
    case 'retry':
      return { kind: 'retry', tasks: command.value.tasks };
    case 'repair':
      return { kind: 'repair', damaged: command.value.damaged, reason: command.value.reason };
    case 'rule': {
      const { approved: isApproved, ...ruling } = command.value;
      return { kind: 'rule', isApproved, ...ruling };
    }
    case undefined:
      throw new TypeError('a command without a command');
    default:
      return command satisfies never;
  }
};
