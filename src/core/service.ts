/** Something with a life. Starting twice and stopping twice are harmless; `stop` resolves when nothing of it is left. */
export interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Where people read what happens: one line per thing, fields from closed sets, never a value from a body. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
