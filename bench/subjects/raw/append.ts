/** What a raw append is given and answers: null when the service has said that it is kept. */
export type Append = (bodies: readonly Buffer[]) => Promise<readonly (Error | null)[]>

/** A service with nothing around it, as somebody would use it who has read its client's documentation. */
export interface Raw {
  readonly append: Append
  /** As many as the product hands over at once. */
  readonly batchMax: number
  /** Appends under way at once: as many as serve it best. */
  readonly appendsMax: number
  /** Gives so many at most, when there are some; acknowledges what it gave before it gives more. Resolves to how many. */
  receive(): Promise<number>
}

export const BATCH_BYTES_MAX = 4_194_304

/** The service that a `BROKER_URL` names. */
export async function openRaw(url: string): Promise<Raw> {
  const { protocol } = new URL(url.replace(/,[^/]*/, ''))
  if (protocol === 'redis:') return (await import('./redis.ts')).openRedis(url)
  if (protocol === 'kafka:') return (await import('./kafka.ts')).openKafka(url)
  if (protocol === 'pubsub:') return (await import('./pubsub.ts')).openPubsub(url)
  return (await import('./sqs.ts')).openSqs(url)
}
