/** What stands in for Amazon SQS. It takes any credentials. */
export interface Sqs {
  /** Its endpoint, without a queue. */
  readonly url: string
  /** Name and version of the emulator. */
  readonly version: string
  /** Kills it and starts it again over the same data; null where it keeps none. */
  readonly restart: (() => Promise<void>) | null
}
