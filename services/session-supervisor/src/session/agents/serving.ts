import {
  NewUsers,
  SessionCommand,
  SessionCommandReply,
  UserDisconnected,
  UserFrameRendered,
  UserFrameRenderedReply,
  UserHeld,
  UserProgress,
  UserRenderingCompleted,
  VolatileReply,
} from '#libs/contracts/session.ts';
import { sessionSubject } from '#libs/mesh/index.ts';
import type { Serving } from '#libs/nats/index.ts';
import { commandFromProto } from '../../wire/commands.ts';
import type { SessionDeps } from '../owner/deps.ts';
import type { Session } from '../owner/session.ts';
import {
  heldFromProto,
  outcomeToProto,
  reportsFromProto,
  usersFromProto,
} from '../../wire/reports.ts';

/** Takes the messages of user-managers and other replicas to the owner of a workload: `muster.session.v1.<workload>.<verb>`. */
export const serveSession = (deps: SessionDeps, session: Session): Serving => {
  const { header } = session.state();
  const proofs = { meshSecret: deps.meshSecret, tokens: session.tokens };

  const rendered = async (bytes: Uint8Array): Promise<Uint8Array> => {
    const { userId, userName = userId, reports: told } = UserFrameRendered.decode(bytes);
    const reports = reportsFromProto(proofs, header, userId, told);
    for (const { forgery, task } of reports) {
      if (forgery !== undefined) {
        deps.events.reportRefused(header.id, userId, task, forgery);
      }
    }
    const outcomes = await session.report(userId, reports);
    for (const { verdict, reason } of outcomes) {
      // Duplicates do not count: the journal has them, and repeating a report is allowed.
      if (verdict === 'SETTLED' && reason !== 'DUPLICATE') {
        deps.refusals.count(header.id, { id: userId, name: userName }, reason);
      }
    }
    return UserFrameRenderedReply.encode({ outcomes: outcomes.map(outcomeToProto) }).finish();
  };

  const verbs: Record<string, (bytes: Uint8Array) => Promise<Uint8Array | undefined> | undefined> =
    {
      'user-frame-rendered': rendered,
      'new-users': (bytes) => {
        session.tell({ kind: 'new-users', users: usersFromProto(NewUsers.decode(bytes)) });
        return undefined;
      },
      'user-held': (bytes) => {
        const { userId: user, connectionId: connection, held } = UserHeld.decode(bytes);
        if (held !== undefined) {
          const claims = heldFromProto(proofs, user, held);
          session.tell({ kind: 'user-held', user, connection, held: claims });
        }
        return undefined;
      },
      'user-disconnected': (bytes) => {
        const { userId, connectionId, isClean } = UserDisconnected.decode(bytes);
        session.tell({ kind: 'user-gone', user: userId, connection: connectionId, isClean });
        return undefined;
      },
      'user-rendering-completed': (bytes) => {
        const { userId, connectionId } = UserRenderingCompleted.decode(bytes);
        session.tell({ kind: 'user-idle', user: userId, connection: connectionId });
        return undefined;
      },
      'user-progress': (bytes) => {
        const { userId, connectionId, tasks } = UserProgress.decode(bytes);
        session.note(userId, connectionId, tasks);
        return undefined;
      },
      command: async (bytes) => {
        const { command, request } = commandFromProto(SessionCommand.decode(bytes));
        const revision = await session.command(command, request);
        deps.events.commandObeyed(header.id, command.kind);
        return SessionCommandReply.encode({ revision }).finish();
      },
      volatile: async () => VolatileReply.encode(session.volatile()).finish(),
    };

  return deps.bus.serve(sessionSubject(header.id, '*'), async (bytes, { subject }) => {
    const verb = subject.slice(subject.lastIndexOf('.') + 1);
    return verbs[verb]?.(bytes);
  });
};
