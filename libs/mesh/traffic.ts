import type { ServiceName } from './services.ts';
import {
  ANY_REPORT_SUBJECT,
  EVENTS_STREAM,
  MACHINE_STANDING_SUBJECT,
  type ManagerVerb,
  managerSubject,
  type MatcherVerb,
  matcherSubject,
  type SessionVerb,
  sessionSubject,
  USER_CHANGED_SUBJECT,
  WORKLOAD_STANDING_SUBJECT,
  workloadFactSubject,
} from './subjects.ts';

/** The services that speak over NATS. Each has a user of its own there. */
export const busServices = [
  'session-supervisor',
  'user-manager',
  'blob',
] as const satisfies readonly ServiceName[];

export type BusService = (typeof busServices)[number];

/** What a service may send to, and listen to: patterns of subjects. */
export interface BusRights {
  publish: string[];
  subscribe: string[];
}

interface Sender {
  services: readonly BusService[];
  /** Whether an answer comes back. */
  asks: boolean;
}

const asks = (...services: BusService[]): Sender => ({ services, asks: true });
const tells = (...services: BusService[]): Sender => ({ services, asks: false });

/** Who tells or asks the owner of a workload what. */
const toSessions: Record<SessionVerb, Sender> = {
  'new-users': tells('user-manager'),
  'user-frame-rendered': asks('user-manager'),
  'user-rendering-completed': tells('user-manager'),
  'user-disconnected': tells('user-manager'),
  'user-held': tells('user-manager'),
  'user-progress': tells('user-manager'),
  command: asks('session-supervisor'),
  volatile: asks('session-supervisor'),
  appended: tells('session-supervisor'),
};

/** The user-managers pass on what their rpcs are asked. */
const toMatcher: Record<MatcherVerb, Sender> = {
  'more-users': asks('session-supervisor'),
  'update-user-count': asks('session-supervisor', 'user-manager'),
  'remove-users-demand-completely': asks('session-supervisor', 'user-manager'),
  'users-released': asks('session-supervisor'),
  'machine-looked': asks('session-supervisor'),
  'list-demands': asks('user-manager'),
};

const toManagers: Record<ManagerVerb, Sender> = {
  'start-rendering': asks('session-supervisor'),
  'stop-work': asks('session-supervisor'),
  'end-stream': asks('user-manager'),
};

const subjectsOf = <Verb extends string>(
  senders: Readonly<Record<Verb, Sender>>,
  subjectOf: (verb: Verb) => string,
): [string, Sender][] =>
  (Object.keys(senders) as Verb[]).map((verb) => [subjectOf(verb), senders[verb]]);

/** Who listens to all of an area, and who sends what there. */
const areas: readonly {
  listener: BusService;
  subject: string;
  sent: readonly (readonly [subject: string, Sender])[];
}[] = [
  {
    listener: 'session-supervisor',
    subject: sessionSubject('*', '*'),
    sent: [
      ...subjectsOf(toSessions, (verb) => sessionSubject('*', verb)),
      [ANY_REPORT_SUBJECT, asks('user-manager')],
      [WORKLOAD_STANDING_SUBJECT, asks('blob')],
    ],
  },
  {
    listener: 'user-manager',
    subject: managerSubject('*', '*'),
    sent: [
      ...subjectsOf(toMatcher, (verb) => matcherSubject(verb)),
      ...subjectsOf(toManagers, (verb) => managerSubject('*', verb)),
      [MACHINE_STANDING_SUBJECT, asks('blob')],
      [USER_CHANGED_SUBJECT, tells('user-manager')],
    ],
  },
];

/** Only the outbox of workloads, and no other stream. The server answers itself. */
const facts = (service: BusService): string[] =>
  service === 'session-supervisor'
    ? [
        workloadFactSubject('*', '*'),
        `$JS.API.STREAM.INFO.${EVENTS_STREAM}`,
        `$JS.API.STREAM.CREATE.${EVENTS_STREAM}`,
      ]
    : [];

/** Where a service's answers arrive, and nobody else's: NATS gives each subject to all who may listen to it. */
export const inboxPrefix = (service: BusService): string => `_INBOX.${service}`;

/** Where answers to operators arrive, who ask with the tools of NATS: one part less than in the inbox of a service. */
const OPERATORS_INBOX = '_INBOX.*.*';

/**
 * The rights that a service needs in NATS. It answers into the inboxes of those who may ask it. NATS can grant "any answer" instead
 * (`allow_responses`), but then whoever asks names the subject that the answer goes to, and writes by the rights of who answers.
 */
export const busRights = (service: BusService): BusRights => {
  const served = areas.filter(({ listener }) => listener === service);
  const askers = served.flatMap(({ sent }) =>
    sent.flatMap(([, sender]) => (sender.asks ? sender.services : [])),
  );
  const sent = areas.flatMap((area) =>
    area.sent.flatMap(([subject, { services }]) => (services.includes(service) ? [subject] : [])),
  );
  const answers =
    askers.length === 0
      ? []
      : [...new Set(askers)].map((asker) => `${inboxPrefix(asker)}.>`).concat(OPERATORS_INBOX);
  return {
    publish: [...sent, ...facts(service), ...answers],
    subscribe: [...served.map(({ subject }) => subject), `${inboxPrefix(service)}.>`],
  };
};
