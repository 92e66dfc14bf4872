import type { Crew, Member } from './crew.ts';
import type { WorkloadState } from './workload.ts';

/** The engine that is none of Blender's. */
const NOOP = 'noop';

/** The version of Blender on a member's machine; empty where there is none. */
const blenderOf = ({ engines }: Pick<Member, 'engines'>): string =>
  engines.find(({ name }) => name !== NOOP)?.version ?? '';

/**
 * Whether a member may serve: it is not barred, and its machine has the engine that the scene wants, in the version that the
 * other frames were made with.
 */
export const isFit = (
  { engine, version, barred }: Pick<WorkloadState, 'engine' | 'version' | 'barred'>,
  member: Pick<Member, 'id' | 'engines'>,
): boolean =>
  !barred.has(member.id) &&
  (engine === '' || member.engines.some(({ name }) => name === engine)) &&
  (version === '' || blenderOf(member) === version);

/**
 * The version of Blender for a workload that begins now: the one that most of its users have, so that most of them can
 * work on it. Pictures of different versions differ, and an animation should not. Empty for work without Blender.
 */
export const versionToBegin = (state: WorkloadState, { members }: Crew): string => {
  if (state.header.spec.kind === 'noop') return '';
  const able = [...members.values()].filter((member) => member.phase !== 'leaving' && isFit(state, member));
  const counts = [...Map.groupBy(able, blenderOf)].map(([version, { length }]) => ({ version, length }));
  return counts.reduce((most, each) => (each.length > most.length ? each : most), { version: '', length: 0 }).version;
};
