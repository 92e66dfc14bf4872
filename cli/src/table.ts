/** The heading of a column, and the side on which its cells stand; default: left. */
export interface Heading {
  title: string;
  align?: 'left' | 'right';
}

/** Rows as aligned text, two spaces between columns, no trailing blanks. */
export const formatTable = (
  columns: readonly Heading[],
  rows: readonly (readonly string[])[],
): string => {
  const widths = columns.map(({ title }, i) =>
    rows.reduce((width, row) => Math.max(width, (row[i] ?? '').length), title.length),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i] ?? '';
        const width = widths[i] ?? 0;
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)]
    .map((text) => `${text}\n`)
    .join('');
};
