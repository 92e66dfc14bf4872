import { expect } from 'chai';
import { describe, it } from 'mocha';
import { failureOf } from '#libs/testing/index.ts';
import { caseFolder, casesOf, parseAxis, productOf, rowsOf } from './cases.ts';

const nu = { file: 'constant/transportProperties', entry: 'nu' };

describe('the cases of a sweep', () => {
  it('are every combination of the values, and are named for what they differ in', () => {
    const axes = [
      parseAxis('constant/transportProperties:nu=0.01,0.02'),
      parseAxis('system/controlDict:deltaT=0.005'),
    ];
    const cases = casesOf(productOf(axes));
    expect(cases.map(({ name }) => name)).to.deep.equal(['nu=0.01', 'nu=0.02']);
    expect(cases[1]?.settings).to.deep.equal([
      { ...nu, value: '0.02' },
      { file: 'system/controlDict', entry: 'deltaT', value: '0.005' },
    ]);
  });

  it('take commas within brackets as part of a value', () => {
    const { values } = parseAxis('0/U:boundaryField.inlet.value=uniform (1, 0, 0),uniform (2 0 0)');
    expect(values).to.deep.equal(['uniform (1, 0, 0)', 'uniform (2 0 0)']);
    expect(casesOf(productOf([{ ...nu, values }])).map(({ name }) => name)).to.deep.equal(['', '']);
  });

  it('are the lines of a table', () => {
    const rows = rowsOf(
      'constant/transportProperties:nu, system/controlDict:endTime\n0.01,1\n0.02,"2"\n',
    );
    expect(casesOf(rows).map(({ name }) => name)).to.deep.equal([
      'nu=0.01+endTime=1',
      'nu=0.02+endTime=2',
    ]);
    const [quoted] = rowsOf('\ufeff0/U:inlet,a:b\r\n"say ""x"", (1, 0, 0)",2\r\n\r\n');
    expect(quoted?.map(({ value }) => value)).to.deep.equal(['say "x", (1, 0, 0)', '2']);
  });

  it('are refused where they say nothing', async () => {
    for (const text of ['nu=1', 'constant/x:nu', 'constant/x:=1', 'a:b=1,,2']) {
      expect((await failureOf((async () => parseAxis(text))()))?.reason, text).to.equal('USAGE');
    }
    expect((await failureOf((async () => rowsOf('a:b\n1,2'))()))?.reason).to.equal('USAGE');
    expect((await failureOf((async () => rowsOf('nu\n1'))()))?.reason).to.equal('USAGE');
    expect((await failureOf((async () => rowsOf('a:b\n"1'))()))?.reason).to.equal('USAGE');
  });

  it('have folders by name, or by number', () => {
    expect(caseFolder([{ name: 'nu=1', settings: [] }], 0)).to.equal('nu=1');
    expect(caseFolder([], 3)).to.equal('case-0003');
  });
});
