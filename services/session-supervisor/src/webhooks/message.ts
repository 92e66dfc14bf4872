import { countsOf, type WorkloadState } from '../domain/state/workload.ts';

/** The message that a workload has ended, or waits for approval since `now` (milliseconds since 1970), as JSON; `SetWebhook` in customer_service.proto describes it. */
export const endMessage = (state: WorkloadState, now: number): string => {
  const { header, phase, ending } = state;
  const endTime = ending && new Date(ending.at).toISOString();
  return JSON.stringify({
    type: `workload.${phase}`,
    timestamp: endTime ?? new Date(now).toISOString(),
    data: {
      workload: header.id,
      customer: header.customer,
      state: phase,
      reason: ending?.reason ?? '',
      message: ending?.message ?? '',
      fileName: header.file?.fileName ?? '',
      ...countsOf(state),
      createTime: new Date(header.createdAt).toISOString(),
      endTime,
    },
  });
};

/** The message with which a webhook is tried. `now`: milliseconds since 1970. */
export const testMessage = (customer: string, now: number): string =>
  JSON.stringify({ type: 'test', timestamp: new Date(now).toISOString(), data: { customer } });
