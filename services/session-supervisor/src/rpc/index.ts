import { CustomerServiceService, WorkloadServiceService } from '#libs/contracts/session.ts';
import { implement, type ServiceBinding } from '#libs/grpc/index.ts';
import type { Context } from '../context.ts';
import { explainWorkload } from './explain-workload.ts';
import { getCustomer } from './get-customer.ts';
import { getTaskLog } from './get-task-log.ts';
import { getUserCount } from './get-user-count.ts';
import { getWebhook } from './get-webhook.ts';
import { getWorkloadProgress } from './get-workload-progress.ts';
import { getWorkloadStatus } from './get-workload-status.ts';
import { getWorkload } from './get-workload.ts';
import { listCustomers } from './list-customers.ts';
import { listResults } from './list-results.ts';
import { listTasks } from './list-tasks.ts';
import { listWorkloads } from './list-workloads.ts';
import { pauseWorkload } from './pause-workload.ts';
import { putCustomer } from './put-customer.ts';
import { resumeWorkload } from './resume-workload.ts';
import { ruleOnStep } from './rule-on-step.ts';
import { listAttempts } from './list-attempts.ts';
import { retryTasks } from './retry-tasks.ts';
import { removeWebhook } from './remove-webhook.ts';
import { scrubWorkload } from './scrub-workload.ts';
import { setUserCount } from './set-user-count.ts';
import { setWebhook } from './set-webhook.ts';
import { testWebhook } from './test-webhook.ts';
import { startWorkload } from './start-workload.ts';
import { stopAndDeleteWorkload } from './stop-and-delete-workload.ts';
import { watchWorkload } from './watch-workload.ts';

/** Every rpc of this service. */
export const services = (ctx: Context): ServiceBinding[] => [
  implement(WorkloadServiceService, {
    startWorkload: startWorkload(ctx),
    stopAndDeleteWorkload: stopAndDeleteWorkload(ctx),
    getWorkloadStatus: getWorkloadStatus(ctx),
    getWorkloadProgress: getWorkloadProgress(ctx),
    getWorkload: getWorkload(ctx),
    listWorkloads: listWorkloads(ctx),
    watchWorkload: watchWorkload(ctx),
    pauseWorkload: pauseWorkload(ctx),
    resumeWorkload: resumeWorkload(ctx),
    approveStep: ruleOnStep(true)(ctx),
    rejectStep: ruleOnStep(false)(ctx),
    retryTasks: retryTasks(ctx),
    getUserCount: getUserCount(ctx),
    setUserCount: setUserCount(ctx),
    listTasks: listTasks(ctx),
    getTaskLog: getTaskLog(ctx),
    listResults: listResults(ctx),
    scrubWorkload: scrubWorkload(ctx),
    listAttempts: listAttempts(ctx),
    explainWorkload: explainWorkload(ctx),
  }),
  implement(CustomerServiceService, {
    putCustomer: putCustomer(ctx),
    getCustomer: getCustomer(ctx),
    listCustomers: listCustomers(ctx),
    setWebhook: setWebhook(ctx),
    getWebhook: getWebhook(ctx),
    removeWebhook: removeWebhook(ctx),
    testWebhook: testWebhook(ctx),
  }),
];
