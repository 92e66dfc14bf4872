import { countsOf, type WorkloadState } from '../domain/state/workload.ts';

/** The message that a workload has ended, as JSON; `SetWebhook` in customer_service.proto describes it. */
export const endMessage = (state: WorkloadState): string => {
  const { header, phase, ending } = state;
  const endTime = new Date(ending?.at ?? 0).toISOString();
  return JSON.stringify({
    type: `workload.${phase}`,
    timestamp: endTime,
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
