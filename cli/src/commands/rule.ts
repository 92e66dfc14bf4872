import {
  WorkloadServiceService,
  type ApproveStepResponse,
  type WantedApproval,
} from '#libs/contracts/session.ts';
import { plural } from '../formats.ts';
import type { Define } from '../invocation.ts';
import { countOption, textOption } from '../options.ts';
import { workloadIn, workloadsOf } from '../workload/client.ts';
import { stateOf } from '../workload/describe.ts';

interface RuleOptions {
  case?: number;
  step?: string;
  reason?: string;
}

/** Rules on the results that wait, each at the generation that is shown now, or on the one that the options name. */
const ruleOn =
  (method: 'approveStep' | 'rejectStep', done: string): Define =>
  (command, { does }) =>
    command
      .argument('<id>', 'the workload')
      .addOption(countOption('--case <n>', 'only this case (default: all that wait)', [0, 999_999]))
      .addOption(textOption('--step <name>', 'only this step', 'every step'))
      .addOption(textOption('--reason <text>', 'why, for whoever asks later', 'none'))
      .action(
        does<[string], RuleOptions>(async (invocation, [workloadId], options) => {
          const { cli, output } = invocation;
          const { step = '', reason = '' } = options;
          const client = workloadsOf(await invocation.mesh());
          const which = { workloadId, customerId: '' };
          const { wantedApprovals } = workloadIn(await client.getWorkload(which));
          const meant = wantedApprovals.filter(
            (each) =>
              (step === '' || each.step === step) &&
              (options.case === undefined || each.case === options.case),
          );
          const rule = (wanted?: WantedApproval): Promise<ApproveStepResponse> =>
            client[method]({
              ...which,
              step: wanted?.step ?? step,
              case: wanted?.case ?? options.case,
              generation: wanted?.generation,
              reason,
              requestId: cli.random.id('r'),
            });
          let answer: ApproveStepResponse | undefined;
          for (const wanted of meant) {
            answer = await rule(wanted);
          }
          // Where nothing waits, the mesh says so, or that it was done before.
          answer ??= await rule();
          const workload = workloadIn(answer);
          const named = meant.map((each) => `${each.step}/${each.case}`).join(', ');
          const left = workload.wantedApprovalCount;
          const rest = left === 0 ? '' : `; ${plural(left, 'result')} still to be looked at`;
          await output.answer(
            WorkloadServiceService[method],
            answer,
            `${done}${named && ` ${named}`}; ${workloadId} is ${stateOf(workload)}${rest}`,
          );
        }),
      );

export const approve = ruleOn('approveStep', 'approved');
export const reject = ruleOn('rejectStep', 'rejected');
