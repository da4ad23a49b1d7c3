import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { keeper } from '../../src/privacy/keeper.ts'
import { BODY, BOUND, company, DAY_MS } from './setup.ts'

test('while it is kept a vault has a key every day, and never more of them than have their use', async () => {
  const { vault: open, clock, shelf } = company()
  const vault = open()
  const service = keeper(vault, { clock, log: silent })
  await service.start()

  for (let day = 0; day < 40; day++) {
    await clock.advance(DAY_MS)
    assert.ok(vault.seal(BODY, BOUND))
  }

  assert.equal(shelf.rows.size, 14 + 1 + 2)
  await service.stop()
})

test('what fails is said and tried again soon; a start without a key fails', async () => {
  const clock = new VirtualClock()
  const said: string[] = []
  const tries = { n: 0, fails: true }
  const vault = {
    async keep() {
      tries.n++
      if (tries.fails) throw new Error('out of reach')
    },
  }
  const service = keeper(vault, { clock, log: { ...silent, warn: (_, message) => said.push(message) } })

  await assert.rejects(service.start(), /out of reach/)
  tries.fails = false
  await service.start()
  await service.start()
  tries.fails = true
  await clock.advance(3_600_000 + 60_000)

  assert.equal(tries.n, 4)
  assert.deepEqual(said, ['vault: out of reach', 'vault: out of reach'])
  await service.stop()
  await service.stop()
  await clock.advance(DAY_MS)
  assert.equal(tries.n, 4)
})
