/** A session's use at one moment. */
export interface Sample {
  /** Monotonic milliseconds. */
  at: number;
  /** Bytes that each connection has carried so far, both ways, by the connection's id. */
  connections: ReadonlyMap<string, number>;
  /** CPU time of its program so far, in clock ticks (100 a second). */
  cpuTicks: number;
}

/**
 * Up to this many bytes a minute and connection do not count as use: ParaView's clients send a heartbeat every 60 s.
 */
const HEARTBEAT_BYTES = 4_096;
const MINUTE_MS = 60_000;
/** A server that waits uses hardly any CPU time. */
const IDLE_CPU_SHARE = 0.02;
const IDLE_CPU_TICKS = 3;
const TICK_MS = 10;

/**
 * Whether a session was in use between two samples: a client came or went, a connection carried more than heartbeats,
 * or the program worked while it had a client.
 */
export const isActive = (before: Sample, after: Sample): boolean => {
  const ids = new Set([...before.connections.keys(), ...after.connections.keys()]);
  if ([...ids].some((id) => before.connections.has(id) !== after.connections.has(id))) {
    return true;
  }
  if (after.connections.size === 0) {
    return false;
  }
  const elapsed = after.at - before.at;
  const isTalking = [...after.connections].some(
    ([id, bytes]) =>
      bytes - (before.connections.get(id) ?? 0) > HEARTBEAT_BYTES * (1 + elapsed / MINUTE_MS),
  );
  const ticks = after.cpuTicks - before.cpuTicks;
  return isTalking || ticks > IDLE_CPU_TICKS + (IDLE_CPU_SHARE * elapsed) / TICK_MS;
};
