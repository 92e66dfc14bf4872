/** From `main.ts` to a running service and back: signals, drain, exit codes. */
export { ExitCode } from './live.ts';
export { runService } from './run-service.ts';
export type { Start, Started } from './live.ts';
