/** The options that every command takes, before or after its name. */
export interface CommonOptions {
  context?: string;
  json?: boolean;
  as?: 'customer' | 'operator';
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
}
