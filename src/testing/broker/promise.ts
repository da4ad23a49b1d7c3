import { type Batch, type Broker, BrokerError, type Lent, type Message } from '../../broker/broker.ts'
import { systemClock } from '../../core/clock.ts'
import type { BrokerHarness, BrokerNeed, OpenedBroker } from '../broker-harness.ts'

/** One sentence that a broker has to keep, and the trial of it. `run` rejects when it does not. */
export interface BrokerPromise {
  readonly name: string
  readonly needs: readonly BrokerNeed[]
  run(harness: BrokerHarness): Promise<void>
}

type Play = (opened: OpenedBroker, harness: BrokerHarness) => Promise<void>

export const promised = (name: string, needs: readonly BrokerNeed[], play: Play): BrokerPromise => ({
  name,
  needs,
  async run(harness) {
    const opened = await harness.open()
    try {
      await play(opened, harness)
    } finally {
      await opened.close()
    }
  },
})

/** How long something that has to come is waited for: a rebalance or a reconnect after a crash is within it. */
export const PATIENCE_MS = 30_000

export const never: AbortSignal = new AbortController().signal

export const textOf = (body: Uint8Array): string => Buffer.from(body).toString()

/** A message like those of intake; `over` says what matters to the trial. */
export const message = (id: string, over: Partial<Message> = {}): Message => ({
  id,
  key: `default:cus_${id}`,
  body: Buffer.from(`{"id":"${id}"}`),
  attributes: { account: 'default', endpoint: 'default', received: '1767225600000' },
  ...over,
})

export const messages = (prefix: string, count: number, over: Partial<Message> = {}): Message[] =>
  Array.from({ length: count }, (_, n) => message(`${prefix}_${n}`, over))

export const idsOf = (some: readonly { id: string }[]): string[] => some.map(({ id }) => id)

/** Appends all in batches that the broker takes, and answers per message. */
export async function append(broker: Broker, all: readonly Message[]): Promise<(BrokerError | null)[]> {
  const answers: (BrokerError | null)[] = []
  for (const some of chunked(all, broker.traits.batchMax)) answers.push(...(await broker.append(some)))
  return answers
}

/** Appends all, or throws the first refusal. */
export async function put(broker: Broker, all: readonly Message[]): Promise<void> {
  const refused = (await append(broker, all)).find((answer) => answer !== null)
  if (refused) throw refused
}

/** Appends one after a trouble until it is taken. */
export async function putWhenBack(broker: Broker, one: Message): Promise<void> {
  await until(async () => (await broker.append([one]))[0] === null, `${broker.name} takes messages again`)
}

export interface Taken {
  readonly message: Lent
  readonly batch: Batch
}

/**
 * Receives until messages with `count` ids are there. A broker that cannot be reached just now is asked again; whatever
 * comes twice is kept as it came. `ack` acknowledges each batch at once.
 */
export async function take(broker: Broker, count: number, { ack = false } = {}): Promise<Taken[]> {
  const taken: Taken[] = []
  const ids = new Set<string>()
  await until(async () => {
    const batch = await receive(broker, { waitMs: 500 })
    if (ack && batch) await batch.ack()
    for (const one of batch?.messages ?? []) {
      taken.push({ message: one, batch: batch as Batch })
      ids.add(one.id)
    }
    return ids.size >= count
  }, `${count} messages come`)
  return taken
}

/** What comes within `ms`, taken and acknowledged. For what must not come: choose it longer than the loan. */
export async function rest(broker: Broker, ms: number): Promise<Lent[]> {
  const untilAt = systemClock.now() + ms
  const came: Lent[] = []
  for (let left = ms; left > 0; left = untilAt - systemClock.now()) {
    const batch = await receive(broker, { waitMs: left })
    came.push(...(batch?.messages ?? []))
    await batch?.ack()
  }
  return came
}

/** Null: the broker could not be reached just now. What is thrown otherwise is a broken promise. */
async function receive(broker: Broker, { waitMs }: { waitMs: number }): Promise<Batch | null> {
  try {
    return await broker.receive({ max: broker.traits.batchMax, waitMs }, never)
  } catch (error) {
    if (!(error instanceof BrokerError) || error.kind === 'closed') throw error
    await pause(BETWEEN_MS)
    return null
  }
}

/** Resolves as soon as `done` says so; rejects when patience is at an end. */
export async function until(done: () => Promise<boolean>, what: string, patienceMs = PATIENCE_MS): Promise<void> {
  const untilAt = systemClock.now() + patienceMs
  while (!(await done())) {
    if (systemClock.now() > untilAt)
      throw new Error(`It was promised that ${what}; after ${patienceMs} ms it is not so.`)
    await pause(BETWEEN_MS)
  }
}

/** Fails when `work` takes longer: a promise about time, or about ending at all. */
export async function within<V>(ms: number, work: Promise<V>, what: string): Promise<V> {
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms)
    cancel = () => clearTimeout(timer)
  })
  return Promise.race([work, late]).finally(cancel)
}

const BETWEEN_MS = 50

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function chunked<V>(all: readonly V[], size: number): V[][] {
  const chunks: V[][] = []
  for (let start = 0; start < all.length; start += size) chunks.push(all.slice(start, start + size))
  return chunks
}
