import { canServe, meets, type EngineNeeds } from '#libs/engines/index.ts';
import type { Crew, Member } from './crew.ts';
import type { WorkloadState } from './workload.ts';

/** What the machines of a workload must have now: its frames come from one version of Blender once the first is handed out. */
export const engineNeeds = ({
  header,
  engine,
  version,
}: Pick<WorkloadState, 'header' | 'engine' | 'version'>): EngineNeeds =>
  header.spec.kind === 'noop'
    ? { family: 'noop', engine: '', minVersion: '', exactVersion: '' }
    : { family: 'blender', engine, minVersion: header.file?.blenderVersion ?? '', exactVersion: version };

/** Whether a member may serve: it is not barred, and its machine has an engine that the workload needs. */
export const isFit = (
  state: Pick<WorkloadState, 'header' | 'engine' | 'version' | 'barred'>,
  member: Pick<Member, 'id' | 'engines'>,
): boolean => !state.barred.has(member.id) && canServe(member.engines, engineNeeds(state));

/**
 * The version of Blender for a workload that begins now: the one that most of its users have, so that most of them can
 * work on it. Pictures of different versions differ, and an animation should not. Empty for work without Blender.
 */
export const versionToBegin = (state: WorkloadState, { members }: Crew): string => {
  if (state.header.spec.kind === 'noop') return '';
  const needs = engineNeeds(state);
  const counts = new Map<string, number>();
  for (const member of members.values()) {
    if (member.phase === 'leaving' || state.barred.has(member.id)) continue;
    const versions = new Set(member.engines.filter((each) => meets(each, needs)).map(({ version }) => version));
    for (const version of versions) counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0] as const)[0];
};
