/** The place of some work in a trace. Source of the format: W3C Trace Context, level 1. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero; the same in every process that a request reaches. */
  traceId: string;
  /** The id of the current span: 16 lower-case hex digits, not all zero. */
  spanId: string;
  /** Whether this trace is recorded. */
  isSampled: boolean;
}

const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED_FLAG = 0x01;

/** A `traceparent` header of version 00. */
export const formatTraceparent = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/**
 * Reads a `traceparent` header. A malformed one is undefined, as the standard requires: it starts a new trace and does
 * not fail the request. Later versions may append fields, version 00 may not; ff is no version.
 */
export const parseTraceparent = (header: string): TraceContext | undefined => {
  const [, version, traceId = '', spanId = '', flags = '', rest] = FORMAT.exec(header.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) {
    return undefined;
  }
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) {
    return undefined;
  }
  return {
    traceId,
    spanId,
    isSampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) === SAMPLED_FLAG,
  };
};
