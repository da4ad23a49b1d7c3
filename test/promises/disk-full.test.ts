import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { account, nothingWrong } from '../chaos/books.ts'
import { ways } from '../chaos/disks.ts'
import { Load } from '../chaos/load.ts'
import { Sender } from '../chaos/sender.ts'
import { worked } from '../chaos/settle.ts'
import { Up } from '../chaos/up.ts'
import { Place } from '../services/place.ts'
import { seed, sized } from '../size.ts'

const ROUNDS = sized({ tenth: 3, whole: 30 })
const RATE = 400
/** Of each kind of answer before the disk changes. */
const ANSWERS = 100
const DRAIN_MS = 60_000

// The reserve that refuses before it is too late is off: here it is too late.
const env = { HOOKKEEPER_INGESTION_DISK_RESERVE_MB: '0', HOOKKEEPER_PROCESSING_RETRY_BASE_MS: '50' }

for (const way of ways) {
  test(`${way.name}, ${ROUNDS} times: 503 with Retry-After, nothing acknowledged is lost, and it mends by itself`, {
    skip: way.skip,
  }, async (t) => {
    const place = new Place('disk')
    const disk = await way.make(place)
    t.after(() => place.end().finally(() => disk.remove()))
    const ledger = join(disk.folder, 'ledger.db')
    const up = await new Up({ place, ledger, port: await place.port(), handlers: 'effects', env }).started()
    const sender = new Sender(up.origin)
    t.after(() => sender.close())
    const load = new Load({ sender, random: seeded(seed), ratePerSecond: RATE, customers: 100, repeats: 0.1 }).start()
    t.after(() => load.stop())

    for (let round = 0; round < ROUNDS; round++) {
      await more(load, 200)
      await disk.fill(up.pid)
      await more(load, 503)
      await disk.free(up.pid)
    }
    await more(load, 200)
    await load.stop()
    assert.equal(await worked(up, DRAIN_MS), 0, 'no event is dead')
    assert.equal((await up.stop()).code, 0)

    const books = await account(ledger, load.acknowledged)
    t.diagnostic(
      `seed ${seed}: answers ${JSON.stringify(load.answers)}; ${books.events} recorded, ${books.effects} effects`,
    )
    assert.deepEqual(books.wrong, nothingWrong, `seed ${seed}`)
    assert.equal(load.bare503, 0)
    assert.deepEqual(Object.keys(load.answers).sort(), ['200', '503'])
  })
}

const more = (load: Load, status: 200 | 503): Promise<void> => {
  const enough = load.count(status) + ANSWERS
  return load.until(`${ANSWERS} more answers ${status}`, () => load.count(status) >= enough)
}
