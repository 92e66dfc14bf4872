/** A process that does nothing but answer: what it takes to be answered is the machine's doing. */
process.on('message', (message) => process.send?.(message));
