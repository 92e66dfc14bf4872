import type { DomainError } from '#libs/errors/index.ts';
import type { Outcome } from '../../domain/decisions/decision.ts';
import type { Command, Input, Report } from '../../domain/decisions/inputs.ts';
import type { RequestMark } from '../../domain/state/entries.ts';
import { batchesOf } from '../agents/report-batches.ts';
import { changingHands, sessionBusy } from './errors.ts';
import { createTickets, type Tickets } from './tickets.ts';

/** Those who wait until their inputs are durable. */
export interface Callers {
  /** Resolves with the journal position at which the command is durable. Rejects with typed errors. */
  command(command: Command, request?: RequestMark): Promise<number>;
  /** Resolves with the outcomes of a user's reports, once they are durable. Rejects with typed errors. */
  report(user: string, userName: string, reports: readonly Report[]): Promise<Outcome[]>;
  /** A command is durable at this position. */
  obeyed(ticket: number, position: number): void;
  /** A command is refused. */
  refused(ticket: number, error: DomainError): void;
  /** Reports are decided. */
  decided(ticket: number, outcomes: Outcome[]): void;
  /** The session is over, and nobody decides these inputs here. */
  leave(unanswered: readonly Input[]): void;
}

/** @param submit returns false if too many inputs wait already */
export const createCallers = (workload: string, submit: (input: Input) => boolean): Callers => {
  const commands = createTickets<number>();
  const reports = createTickets<Outcome[]>();

  const answerTo = <T>(tickets: Tickets<T>, inputOf: (ticket: number) => Input): Promise<T> => {
    const { ticket, answer } = tickets.open();
    if (!submit(inputOf(ticket))) {
      tickets.fail(ticket, sessionBusy(workload));
    }
    return answer;
  };

  return {
    command: (command, request) =>
      answerTo(commands, (ticket) => ({
        kind: 'command',
        ticket,
        command,
        ...(request && { request }),
      })),
    report: async (user, userName, all) => {
      const decided = batchesOf(all).map((some) =>
        answerTo(reports, (ticket) => ({
          kind: 'reports',
          ticket,
          user,
          userName,
          reports: some,
        })),
      );
      return (await Promise.all(decided)).flat();
    },
    obeyed: (ticket, position) => commands.resolve(ticket, position),
    refused: (ticket, error) => commands.fail(ticket, error),
    decided: (ticket, outcomes) => reports.resolve(ticket, outcomes),
    leave: (unanswered) => {
      for (const input of unanswered) {
        if (input.kind === 'command') {
          commands.fail(input.ticket, changingHands(workload));
        } else if (input.kind === 'reports') {
          reports.fail(input.ticket, changingHands(workload));
        }
      }
    },
  };
};
