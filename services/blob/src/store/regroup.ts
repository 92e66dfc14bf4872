/** Turns pieces of any size into pieces of `bytes`; the last may be shorter. Reads nothing ahead. */
export async function* regroup(
  pieces: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    length += piece.length;
    if (length < bytes) {
      continue;
    }
    const whole = Buffer.concat(waiting, length);
    const rest = length % bytes;
    for (let at = 0; at < length - rest; at += bytes) {
      yield whole.subarray(at, at + bytes);
    }
    waiting = rest === 0 ? [] : [whole.subarray(length - rest)];
    length = rest;
  }
  if (length > 0) {
    yield Buffer.concat(waiting, length);
  }
}
