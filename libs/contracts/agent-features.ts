import type { ConnectRequest, Report } from './agent.ts';

/**
 * What a manager may understand in addition to the first version of the agent protocol. `Welcome.features`
 * explains each name.
 */
export const AGENT_FEATURES = ['skips-unknown', 'progress', 'checkpoints'] as const;
export type AgentFeature = (typeof AGENT_FEATURES)[number];

/** What an agent can say: the kinds of its messages, and of the reports in them. */
export type Said =
  NonNullable<ConnectRequest['message']>['$case'] | NonNullable<Report['body']>['$case'];

/** The feature that a manager must name before an agent says each of these; undefined if every manager knows it. */
export type Needs = Readonly<Record<Said, AgentFeature | undefined>>;

export const needs: Needs = {
  hello: undefined,
  reports: undefined,
  held: undefined,
  goodbye: undefined,
  progress: 'progress',
  started: undefined,
  completed: undefined,
  failed: undefined,
  checkpointed: 'checkpoints',
  yielded: 'checkpoints',
};
