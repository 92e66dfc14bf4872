import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Failed, Report } from '#libs/contracts/agent.ts';
import { DomainError } from '#libs/errors/index.ts';
import { failedBody } from '#libs/testing/index.ts';
import { attemptOf, completedOf } from '../fixtures/agent.ts';
import { checkReports } from './reports.ts';

const good = completedOf(1, 'w-1', attemptOf('frames/17', '0-3'));

const wrongFields = (...reports: Report[]): string[] => {
  try {
    checkReports({ reports });
    return [];
  } catch (thrown) {
    return thrown instanceof DomainError
      ? thrown.violations.map(({ field }) => field.replace('reports.reports', ''))
      : ['?'];
  }
};

const failed = (more: Partial<Failed>): Report => ({ ...good, body: failedBody(more) });

describe('checkReports', () => {
  it('accepts valid reports, also of beginnings', () => {
    expect(
      wrongFields(
        good,
        { ...good, reportId: 0, body: { $case: 'started', value: {} } },
        failed({}),
      ),
    ).to.deep.equal([]);
  });

  it('names what is wrong with each', () => {
    expect(wrongFields({ ...good, workloadId: 'w.>' })).to.deep.equal(['[0].workload_id']);
    expect(wrongFields({ ...good, attempt: undefined })).to.deep.equal(['[0].attempt']);
    expect(
      wrongFields({
        ...good,
        attempt: { task: '../x', generation: 0, attempt: 'x', token: Buffer.alloc(3) },
      }),
    ).to.deep.equal(['[0].attempt.task', '[0].attempt.attempt', '[0].attempt.token']);
    expect(wrongFields({ ...good, body: undefined })).to.deep.equal(['[0].body']);
    expect(wrongFields({ ...good, reportId: 0 })).to.deep.equal(['[0].report_id']);
    expect(
      wrongFields(good, failed({ reason: 'x'.repeat(1_001), seconds: Number.NaN })),
    ).to.deep.equal(['[1].failed.reason', '[1].failed.seconds']);
    expect(wrongFields(failed({ names: Array.from({ length: 101 }, () => 'x') }))).to.deep.equal([
      '[0].failed.names',
    ]);
  });

  it('refuses more than a thousand, and names at most fifty faults', () => {
    expect(wrongFields(...Array.from({ length: 1_001 }, () => good))).to.deep.equal(['']);
    expect(
      wrongFields(...Array.from({ length: 900 }, () => ({ ...good, workloadId: '' }))),
    ).to.have.length(50);
  });
});
