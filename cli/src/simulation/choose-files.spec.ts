import { expect } from 'chai';
import { describe, it } from 'mocha';
import { chooseFiles, type FileChoice } from './choose-files.ts';

const paths = [
  '0/U',
  '0.5/U',
  '0.5/p',
  '0.5/uniform/time',
  '10/U',
  '10/top/U',
  '10/p',
  'log.icoFoam',
  'system/controlDict',
];
const chosen = (choice: FileChoice): string[] => [...chooseFiles(paths, choice)];

describe('the files of a result that are wanted', () => {
  it('are all without a choice', () => {
    expect(chosen({})).to.deep.equal(paths);
  });

  it('are those of one time, by number, with what the case needs to be opened', () => {
    const rest = ['log.icoFoam', 'system/controlDict'];
    expect(chosen({ time: 'latest' })).to.deep.equal(['10/U', '10/top/U', '10/p', ...rest]);
    expect(chosen({ time: '0.50' })).to.deep.equal(['0.5/U', '0.5/p', '0.5/uniform/time', ...rest]);
  });

  it('are fields by name, of one time or of all', () => {
    expect(chosen({ time: 'latest', only: ['U'] })).to.deep.equal(['10/U', '10/top/U']);
    expect(chosen({ only: ['p'] })).to.deep.equal(['0.5/p', '10/p']);
  });

  it('are none where the time is not there', () => {
    expect(chosen({ time: '3' })).to.deep.equal([]);
    expect(chosen({ only: ['T'] })).to.deep.equal([]);
  });
});
