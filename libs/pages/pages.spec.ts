import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DomainError } from '#libs/errors/index.ts';
import { cutPage, pageToken, parsePage } from './index.ts';

const violations = (act: () => unknown): string[] => {
  try {
    act();
    return [];
  } catch (thrown) {
    return thrown instanceof DomainError ? thrown.violations.map(({ field }) => field) : ['?'];
  }
};

describe('parsePage', () => {
  it('takes 100 as the default size, and refuses sizes out of bounds and foreign tokens', () => {
    expect(parsePage({ pageSize: 0, pageToken: '' }, 'list', 1)).to.deep.equal({
      size: 100,
      after: undefined,
    });
    expect(
      violations(() => parsePage({ pageSize: 1_001, pageToken: 'rubbish' }, 'list', 1)),
    ).to.deep.equal(['page_size', 'page_token']);
    expect(violations(() => parsePage({ pageSize: -1, pageToken: '' }, 'list', 1))).to.deep.equal([
      'page_size',
    ]);
    expect(
      violations(() => parsePage({ pageSize: 1, pageToken: pageToken('list', ['a']) }, 'list', 2)),
    ).to.deep.equal(['page_token']);
  });

  it('reads back the token of the page before', () => {
    const { page, nextPageToken } = cutPage(['a', 'b', 'c'], 2, 'list', (each) => [each, 'x']);
    expect(page).to.deep.equal(['a', 'b']);
    expect(parsePage({ pageSize: 2, pageToken: nextPageToken }, 'list', 2).after).to.deep.equal([
      'b',
      'x',
    ]);
    expect(cutPage(['a'], 2, 'list', (each) => [each]).nextPageToken).to.equal('');
  });

  it('refuses a token of another question', () => {
    const token = pageToken('blobs results/', ['x']);
    expect(
      violations(() => parsePage({ pageSize: 1, pageToken: token }, 'blobs logs/', 1)),
    ).to.deep.equal(['page_token']);
  });
});
