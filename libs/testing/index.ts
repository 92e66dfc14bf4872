/** Surroundings for tests: real stores on free ports, a network that fails on request, time that stands still. */
export { type Answers, answersMeanwhile, type Meanwhile } from './answers-meanwhile.ts';
export {
  type AgentStream,
  capabilityOf,
  completedBody,
  failedBody,
  helloOf,
  noopSha256,
  noopSpec,
  openAgentStream,
  renderSpec,
} from './agents.ts';
export { customerFile, readAll, uploadOf, withoutTag } from './blobs.ts';
export { commandLines } from './command-lines.ts';
export { eventually, type Patience } from './eventually.ts';
export { fakeClock, type FakeClock } from './fake-clock.ts';
export { makeFakeGpu } from './fake-gpu.ts';
export { withHostileTexts } from './hostile.ts';
export { freePort } from '#libs/embedded/index.ts';
export { isAlive } from './is-alive.ts';
export { createKeys, type Keys, MESH_SECRET, TOKENS } from './keys.ts';
export { needs } from './needs.ts';
export { onePixel } from './pictures.ts';
export { startProxy, type Direction, type Proxy, type Watcher } from './proxy.ts';
export { errorOf, failureOf, wrongVariables } from './refused.ts';
export { runningClock, type RunningClock } from './running-clock.ts';
export {
  type RunningService,
  type ServiceProcessOptions,
  startService,
} from './service-process.ts';
export {
  startAzurite,
  startMongod,
  startNats,
  type TestAzurite,
  type TestMongod,
  type TestStore,
  urlAs,
} from './stores.ts';
export { silent, testLog } from './silent.ts';
export { tempDir, type TempDir } from './temp-dir.ts';
export { createTestClient } from './test-client.ts';
export { startVncServer, type VncServer } from './vnc-server.ts';
