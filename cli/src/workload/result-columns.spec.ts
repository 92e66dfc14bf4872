import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Result } from '#libs/contracts/session.ts';
import { resultColumns } from './result-columns.ts';

describe('the table of results', () => {
  it('has the number of files where a result has more than one', () => {
    const one = Result.fromPartial({ task: 'frames/1' });
    const three = Result.fromPartial({ task: 'frames/2', files: [{}, {}] });
    expect(resultColumns([one]).map(([title]) => title)).not.to.include('FILES');
    const files = resultColumns([one, three]).find(([title]) => title === 'FILES');
    expect([one, three].map((result) => files?.[1](result))).to.deep.equal([1, 3]);
  });
});
