import type { Duration } from '#libs/contracts/rpc.ts';

/** A span as google.protobuf.Duration; a negative one counts as none. */
export const durationToProto = (ms: number): Duration => {
  const span = Math.max(0, ms);
  // What is left after the whole seconds must not round up to one more.
  return {
    seconds: Math.floor(span / 1_000),
    nanos: Math.min(Math.round((span % 1_000) * 1e6), 999_999_999),
  };
};

/** In milliseconds; undefined where there is none. */
export function durationFromProto(duration: Duration): number;
export function durationFromProto(duration: Duration | undefined): number | undefined;
export function durationFromProto(duration: Duration | undefined): number | undefined {
  return duration && duration.seconds * 1_000 + duration.nanos / 1e6;
}
