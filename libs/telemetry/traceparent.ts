/** Where in which trace a piece of work belongs. Source of the format: W3C Trace Context, level 1. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero; the same in every process that a request touches. */
  traceId: string;
  /** 16 lower-case hex digits, not all zero; of the present step. */
  spanId: string;
  /** Whether somebody records this trace. */
  isSampled: boolean;
}

const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED_FLAG = 0x01;

/** A `traceparent` header of version 00. */
export const formatTraceparent = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/**
 * Reads a `traceparent` header; undefined when it is malformed, as the standard asks, so that a bad header starts a
 * new trace instead of failing a request. Later versions may append fields, version 00 may not; ff is not a version.
 */
export const parseTraceparent = (header: string): TraceContext | undefined => {
  const [, version, traceId = '', spanId = '', flags = '', rest] = FORMAT.exec(header.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) {
    return undefined;
  }
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) {
    return undefined;
  }
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) === SAMPLED_FLAG };
};
