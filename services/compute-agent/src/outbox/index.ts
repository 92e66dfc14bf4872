export { OutboxInUseError } from './database.ts';
export { fileOf, type Kept } from './kept.ts';
export { openOutboxes, type Outbox, type Outboxes } from './outbox.ts';
