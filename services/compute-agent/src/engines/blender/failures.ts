import { constants } from 'node:os';
import { type Cancelled, CANCELLED, failed, type Failed } from '../engine.ts';
import type { Refusal } from './renderer-protocol.ts';
import type { Trouble } from './renderer.ts';

/** How Blender and its libraries say that memory ran out. */
const NO_MEMORY =
  /std::bad_alloc|(malloc|calloc|mem_guarded\w{0,40}) returns null|out of (GPU (and shared host )?)?memory|cannot allocate memory|MemoryError/i;

/** How Cycles says that a graphics card or its driver failed. */
const DEVICE_FAILED = /\b(CUDA|OptiX|HIP|oneAPI|SYCL|GPU|device|kernel|driver)\b/i;

/** Only the end of a log tells why the program ended. */
const lastWords = (log: string): string => log.slice(-4_096);

/** The last signal of Linux. */
const MAX_SIGNAL = 64;

/** bubblewrap reports a program that a signal ended as 128 + the number of the signal, and others by their code, up to 255. */
const signalOf = (code: number): string | undefined => {
  const number = code - 128;
  if (number < 1 || number > MAX_SIGNAL) {
    return undefined;
  }
  const name = Object.entries(constants.signals).find(([, each]) => each === number)?.[0];
  return name ?? String(number);
};

const describeExit = (code: number | null, signal: string | null): string => {
  const by = signal ?? (code === null ? undefined : signalOf(code));
  return by === undefined
    ? `Blender ended with exit code ${code}`
    : `Blender was ended by signal ${by}`;
};

/** The outcome of a task whose renderer did not answer. */
export const failureOfTrouble = (
  trouble: Trouble,
  log: string,
  seconds: number,
): Failed | Cancelled => {
  const more = { log, seconds };
  switch (trouble.kind) {
    case 'cancelled':
      return CANCELLED;
    case 'hung':
      return failed('TIMEOUT', trouble.text, more);
    case 'lied':
      return failed('RENDER_ERROR', trouble.text, more);
    case 'died': {
      const { excess, code, signal } = trouble.exit;
      if (excess !== undefined) {
        const failureClass = excess.of === 'memory' ? 'OUT_OF_MEMORY' : 'RENDER_ERROR';
        return failed(failureClass, `Blender ${excess.text}`, more);
      }
      return NO_MEMORY.test(lastWords(log))
        ? failed('OUT_OF_MEMORY', 'Blender ran out of memory', more)
        : failed('RENDERER_DIED', describeExit(code, signal), more);
    }
    default:
      return trouble satisfies never;
  }
};

/** What a failure on a graphics card is. If the card is at fault, so is the machine, and the task goes to another one. */
export const failureOn = (device: string, failure: Failed): Failed =>
  device !== 'CPU' && failure.failureClass === 'RENDER_ERROR' && DEVICE_FAILED.test(failure.reason)
    ? failed('AGENT_ERROR', `${device}: ${failure.reason}`, failure)
    : failure;

/** The outcome of a task that the driver refused. */
export const failureOfRefusal = (
  { failure, reason, names }: Refusal,
  log: string,
  seconds: number,
): Failed =>
  failed(failure === 'RENDER_ERROR' && NO_MEMORY.test(reason) ? 'OUT_OF_MEMORY' : failure, reason, {
    names,
    log,
    seconds,
  });
