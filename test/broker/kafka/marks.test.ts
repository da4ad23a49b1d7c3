import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clients } from '../../../src/broker/kafka/clients.ts'
import type { Group } from '../../../src/broker/kafka/group.ts'
import { Marks } from '../../../src/broker/kafka/marks.ts'
import { Share } from '../../../src/broker/kafka/share.ts'
import { VirtualClock } from '../../../src/core/clock.ts'

test('the first acknowledgement is told at once, and those that follow it closely go together', async () => {
  const share = new Share(0, 0n)
  const told: bigint[] = []
  const commit = async ({ offsets }: { offsets: { offset: bigint }[] }) =>
    void told.push(...offsets.map(({ offset }) => offset))
  const clock = new VirtualClock()
  const marks = new Marks({
    member: { commit } as unknown as Clients['member'],
    group: { settled: async () => {} } as Group,
    topic: 'events',
    place: 'kafka',
    clock,
    shares: () => [share],
  })
  const done = (upTo: bigint) => {
    share.next = upTo
    return marks.heard()
  }

  await done(1n)
  const heard = [done(2n), done(3n), done(4n)]
  await clock.advance(0)
  assert.deepEqual(told, [1n])

  await clock.advance(1_000)
  await Promise.all(heard)
  assert.deepEqual(told, [1n, 4n])
})
