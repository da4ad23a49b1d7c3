import type { Client } from './link.ts'
import type { Entry } from './wire.ts'

/** The one group that reads a stream, and this process's place in it. Thin: one function, one command. */
export interface Group {
  readonly stream: string
  readonly group: string
  readonly consumer: string
}

/** What is lent to whom, for how long, and how often it was. */
export interface Loan {
  readonly id: string
  readonly consumer: string
  readonly idleMs: number
  readonly deliveries: number
}

/** New entries, lent to us; waits for up to `waitMs`. */
export async function readNew(client: Client, own: Group, { max, waitMs }: { max: number; waitMs: number }) {
  const { stream, group, consumer } = own
  const wait = waitMs > 0 ? ['BLOCK', waitMs] : []
  const words = ['GROUP', group, consumer, 'COUNT', max, ...wait, 'STREAMS', stream, '>']
  const reply = await inGroup(client, own, () => client.callBuffer('XREADGROUP', words))
  return ((reply as [[Buffer, Entry[]]] | null)?.[0][1] ?? []) as readonly Entry[]
}

/** Up to `max` loans in the stream's order: those of one consumer, those that have run for `idleMs`, or all. */
export async function loans(
  client: Client,
  own: Group,
  { max, idleMs, of }: { max: number; idleMs?: number; of?: string },
): Promise<readonly Loan[]> {
  const { stream, group } = own
  const idle = idleMs === undefined ? [] : ['IDLE', idleMs]
  const words = [stream, group, ...idle, '-', '+', max, ...(of === undefined ? [] : [of])]
  const rows = await inGroup(client, own, () => client.call('XPENDING', words))
  return (rows as [string, string, number, number][]).map(([id, consumer, idleMs, deliveries]) => ({
    id,
    consumer,
    idleMs,
    deliveries,
  }))
}

/** Who has something on loan. */
export async function borrowers(client: Client, own: Group): Promise<readonly string[]> {
  const reply = await inGroup(client, own, () => client.call('XPENDING', [own.stream, own.group]))
  const [, , , counts] = reply as [number, unknown, unknown, [string, string][] | null]
  return (counts ?? []).map(([consumer]) => consumer)
}

/** Takes these loans over, as far as they still run for `idleMs`: of two who ask one gets it. What was removed is left out. */
export async function claim(client: Client, { stream, group, consumer }: Group, ids: readonly string[], idleMs = 0) {
  const reply = await client.callBuffer('XCLAIM', [stream, group, consumer, idleMs, ...ids])
  return (reply as (Entry | null)[]).filter((entry) => entry !== null)
}

/** Our loans of these run out at once. Nobody is told; whoever looks next takes them. */
export async function handBack(
  client: Client,
  { stream, group, consumer }: Group,
  ids: readonly string[],
  idleMs: number,
) {
  await client.call('XCLAIM', [stream, group, consumer, 0, ...ids, 'IDLE', idleMs, 'JUSTID'])
}

/**
 * Removes a consumer that has nothing on loan. Redis forgets the loans of a consumer that is removed, and with them would be lost
 * what they were about: so it looks and removes in one step.
 */
export async function forget(client: Client, { stream, group }: Group, consumer: string): Promise<void> {
  await client.eval(FORGET, 1, stream, group, consumer)
}

/** Consumers of processes that ended long ago, with nothing on loan. */
export async function forgotten(client: Client, own: Group, idleMs: number): Promise<readonly string[]> {
  const reply = await inGroup(client, own, () => client.call('XINFO', ['CONSUMERS', own.stream, own.group]))
  const fields = (reply as (string | number)[][]).map((row) => (name: string) => row[row.indexOf(name) + 1])
  return fields
    .filter((of) => of('pending') === 0 && Number(of('idle')) > idleMs && of('name') !== own.consumer)
    .map((of) => String(of('name')))
}

const FORGET = `
local loans = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #loans == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end
return #loans`

/** After a flush, or a fail-over to a replica that had not heard of it, the group is made again: what is in the stream was not acknowledged. */
async function inGroup<V>(client: Client, own: Group, ask: () => Promise<V>): Promise<V> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOGROUP'))) throw error
    await make(client, own)
    return ask()
  }
}

/** Before there is anything to read: a full Redis could not make it any more. */
export async function make(client: Client, { stream, group }: Group): Promise<void> {
  try {
    await client.call('XGROUP', ['CREATE', stream, group, '0', 'MKSTREAM'])
  } catch (error) {
    // Another process was first.
    if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error
  }
}
