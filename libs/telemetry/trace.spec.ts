import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { currentTrace, extractTrace, injectTrace, startTrace, withTrace } from './index.ts';
import { parseTraceparent } from './trace.ts';

const seen = async () => {
  await setImmediate();
  return currentTrace();
};

describe('withTrace', () => {
  it('lasts through awaits, is separate for concurrent work, and ends with the function', async () => {
    const [one, two] = [startTrace(), startTrace()];
    expect(await Promise.all([withTrace(one, seen), withTrace(two, seen), seen()])).to.deep.equal([
      one,
      two,
      undefined,
    ]);
  });
});

describe('startTrace', () => {
  it('makes a new span in the trace of its parent', () => {
    const parent = { ...startTrace(), isSampled: true };
    const child = withTrace(parent, () => startTrace());
    expect(child).to.include({ traceId: parent.traceId, isSampled: true });
    expect(child.spanId).not.to.equal(parent.spanId);
    expect(startTrace().traceId).not.to.equal(parent.traceId);
  });
});

describe('injectTrace', () => {
  it('carries the current trace to the other side', () => {
    const headers = new Map<string, string>();
    const trace = startTrace();
    withTrace(trace, () => injectTrace(headers));
    expect(headers.get('traceparent')).to.equal(`00-${trace.traceId}-${trace.spanId}-00`);
    expect(extractTrace(headers)).to.deep.equal(trace);
  });

  it('writes nothing without a trace', () => {
    const headers = new Map<string, string>();
    injectTrace(headers);
    expect(headers.size).to.equal(0);
    expect(extractTrace(headers)).to.equal(undefined);
  });
});

describe('parseTraceparent', () => {
  const [trace, span] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];

  it('reads the flag, and later versions with more fields', () => {
    expect(parseTraceparent(`00-${trace}-${span}-01`)).to.deep.equal({
      traceId: trace,
      spanId: span,
      isSampled: true,
    });
    expect(parseTraceparent(`cc-${trace}-${span}-00-what`)?.isSampled).to.equal(false);
  });

  it('ignores a malformed header', () => {
    for (const header of [
      '',
      'x',
      `00-${trace}-${span}`,
      `00-${trace}-${span}-01-more`,
      `ff-${trace}-${span}-01`,
      `00-${'0'.repeat(32)}-${span}-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      `00-${trace.toUpperCase()}-${span}-01`,
    ]) {
      expect(parseTraceparent(header), header).to.equal(undefined);
    }
  });
});
