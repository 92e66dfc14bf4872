/** What `cause` of an error leads to, with `last` behind it. */
const followedBy = (error: unknown, last: unknown): unknown =>
  error instanceof Error
    ? Object.create(error, {
        cause: { value: error.cause === undefined ? last : followedBy(error.cause, last) },
      })
    : error;

// Mocha prints the causes of an error, but not what `await using` keeps: what the test threw, and then what the disposal threw.
// oxlint-disable-next-line no-extend-native -- `await using` makes such errors, whatever class the name stands for
Object.defineProperty(SuppressedError.prototype, 'cause', {
  configurable: true,
  get(this: SuppressedError) {
    return followedBy(this.suppressed, this.error);
  },
});
