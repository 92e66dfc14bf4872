import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  formatBytes,
  formatEnum,
  formatInstant,
  formatSeconds,
  plural,
  printable,
} from './formats.ts';
import { formatTable } from './output.ts';

describe('formatSeconds', () => {
  it('takes the two largest units that say something', () => {
    const spans = [0, 0.44, 59.9, 59.97, 61, 3_599.6, 7_380, 86_399, 273_600];
    expect(spans.map(formatSeconds)).to.deep.equal([
      '0.0 s',
      '0.4 s',
      '59.9 s',
      '1 min 00 s',
      '1 min 01 s',
      '1 h 00 min',
      '2 h 03 min',
      '1 d 00 h',
      '3 d 04 h',
    ]);
  });

  it('shows a dash for a span that is not a number', () => {
    expect([Number.NaN, Number.POSITIVE_INFINITY, -1].map(formatSeconds)).to.deep.equal([
      '–',
      '–',
      '–',
    ]);
  });
});

describe('formatBytes', () => {
  it('counts in powers of two', () => {
    expect([0, 1_023, 1_536, 2 ** 31, 2 ** 51].map(formatBytes)).to.deep.equal([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '2.0 GiB',
      '2048.0 TiB',
    ]);
  });
});

describe('other formats', () => {
  it('write instants in UTC, enums without prefix, counts with their noun', () => {
    expect(formatInstant(new Date(Date.UTC(2025, 0, 31, 12, 0, 0, 999)))).to.equal(
      '2025-01-31 12:00:00Z',
    );
    expect(formatInstant(undefined)).to.equal('–');
    expect(formatEnum('WORKLOAD_STATE_AWAITING_APPROVAL', 'WORKLOAD_STATE_')).to.equal(
      'awaiting approval',
    );
    expect([plural(1, 'frame'), plural(24, 'frame')]).to.deep.equal(['1 frame', '24 frames']);
  });

  it('keep names that others chose from steering the terminal', () => {
    expect(printable('a\u001B[31mb\nc\u202Ed\u2028\u0085\t')).to.equal(
      'a\\x1b[31mb\\nc\\u202ed\\u2028\\u0085\\t',
    );
    expect(printable('caf\uDCE9 \uD800 \u{E0001}')).to.equal('caf\\xe9 \\ud800 \\u{e0001}');
    expect(printable('Bäume 🌲 C:\\tex')).to.equal('Bäume 🌲 C:\\tex');
  });
});

describe('formatTable', () => {
  it('aligns columns, numbers to the right, without blanks at the end of a line', () => {
    const columns = [
      ['USER', ''],
      ['FRAMES', '', 'right'],
      ['NOTE', ''],
    ] as const;
    expect(
      formatTable(columns, [
        ['ann', '7', ''],
        ['barbara', '123', 'x'],
      ]),
    ).to.equal('USER     FRAMES  NOTE\nann           7\nbarbara     123  x\n');
  });
});
