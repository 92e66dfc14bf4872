/** Which dependency a call waits for, so that a deadline that passes can name it. */
export { createWaits, waitingFor, type Waits } from './waiting.ts';
