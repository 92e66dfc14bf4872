import { DomainError, status } from '#libs/errors/index.ts';

export const userNotConnected = (user: string): DomainError =>
  new DomainError(status.NOT_FOUND, 'USER_NOT_CONNECTED', `no user ${user} is connected`, { user });

export const machineNotFound = (machine: string): DomainError =>
  new DomainError(status.NOT_FOUND, 'MACHINE_NOT_FOUND', `no machine ${machine} is enrolled`, {
    machine,
  });

export const machineNameTaken = (name: string): DomainError =>
  new DomainError(
    status.ALREADY_EXISTS,
    'MACHINE_NAME_TAKEN',
    `a machine named ${name} is enrolled already; choose another name, or delete that one`,
    { name },
  );
