/** At most `most` of the items, evenly spread, the first and the last among them. */
export const spread = <T>(items: readonly T[], most: number): T[] => {
  if (items.length <= most) {
    return [...items];
  }
  const step = (items.length - 1) / (most - 1);
  const chosen = new Set(Array.from({ length: most }, (_, i) => Math.round(i * step)));
  return items.filter((_, i) => chosen.has(i));
};
