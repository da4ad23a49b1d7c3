import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import type { Admitted, Receipt } from '../../src/store/store.ts'
import { eventBody, given, NOW, signed } from './fixture.ts'

const receiving = ({ intake, clock }: Pick<ReturnType<typeof given>, 'intake' | 'clock'>) => {
  return async (id: string) => {
    const body = eventBody({ id })
    return (await intake.receive(body, signed(body, clock.now()), null)).status
  }
}

/** The first admission is not answered until one of these is called. */
function firstIsLate(ledger: ReturnType<typeof given>['ledger']) {
  const late = Promise.withResolvers<readonly Admitted[]>()
  const admit = ledger.admit.bind(ledger)
  ledger.admit = async (events) => {
    ledger.admit = admit
    await admit(events)
    return late.promise
  }
  return late
}

test('an admission that is never answered costs its own deliveries a 503, and those after it are taken', async () => {
  const clock = new VirtualClock(NOW)
  const { ledger, admission, ...parts } = given({ clock, limits: { ackMs: 8_000 } })
  const receive = receiving({ ...parts, clock })
  firstIsLate(ledger)

  const first = receive('evt_1')
  await clock.advance(10_000)
  assert.equal(await first, 503)
  const held = admission.state.unrecordedBytes

  assert.equal(await answered(receive('evt_2'), clock), 200)
  assert.equal(await answered(receive('evt_3'), clock), 200)
  assert.equal(held, eventBody().length)
  assert.equal(admission.state.unrecordedBytes, held, 'what the store may still hold is counted')
})

test('whoever ends the process waits for an admission that is never answered, but not for ever', async () => {
  const clock = new VirtualClock(NOW)
  const { ledger, intake, ...parts } = given({ clock, limits: { ackMs: 8_000, lateMs: 2_000 } })
  firstIsLate(ledger)
  const first = receiving({ intake, clock })('evt_1')
  await clock.advance(10_000)
  assert.equal(await first, 503)

  let idle = false
  void intake.idle().then(() => (idle = true))
  await clock.advance(1_999)
  assert.equal(idle, false)
  await clock.advance(1)
  assert.equal(idle, true)
  assert.ok(parts.admission.state.unrecordedBytes > 0)
})

test('an admission that fails long after its deliveries had their 503 closes no door', async () => {
  const clock = new VirtualClock(NOW)
  const { ledger, admission, intake, meter } = given({ clock, limits: { ackMs: 8_000 } })
  const receive = receiving({ intake, clock })
  const late = firstIsLate(ledger)
  const first = receive('evt_1')
  await clock.advance(10_000)
  assert.equal(await first, 503)
  assert.equal(await answered(receive('evt_2'), clock), 200)

  late.reject(new Error('the connection was gone'))
  await intake.idle()

  assert.equal(admission.state.append, 'works')
  assert.equal(admission.state.unrecordedBytes, 0)
  assert.equal(await answered(receive('evt_3'), clock), 200)
  assert.deepEqual(meter.results, { 'default unavailable': 1, 'default new': 2 })
})

test('no body is kept for a ledger that has taken it and has not looked at it yet', async () => {
  const { ledger, intake, meter } = given()
  const looked: (() => void)[] = []
  const accept = async (events: readonly Envelope[]): Promise<Receipt> => {
    const results = events.map((): Admitted => 'new')
    return { admitted: new Promise((resolve) => looked.push(() => resolve(results))) }
  }
  Object.assign(ledger, { accept })
  const body = await taken(intake)

  await collected(body)
  assert.equal(body.deref(), undefined)

  for (const look of looked) look()
  await settled()
  assert.deepEqual(meter.results, { 'default new': 1 })
})

/** In a frame of its own: what a frame has in hand is collected by nobody. */
async function taken(intake: ReturnType<typeof given>['intake']): Promise<WeakRef<ArrayBufferLike>> {
  const body = new Uint8Array(eventBody())
  assert.equal((await intake.receive(body, signed(body), null)).status, 200)
  return new WeakRef(body.buffer)
}

async function collected(one: WeakRef<object>): Promise<void> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let round = 0; round < ROUNDS && one.deref() !== undefined; round++) {
    // What was looked at in this round is kept to its end.
    await settled()
    gc()
  }
}

const ROUNDS = 5

/** What a delivery is answered, though nobody answers until it is late. */
async function answered(answer: Promise<number>, clock: VirtualClock): Promise<number> {
  await settled()
  await clock.advance(20_000)
  return answer
}
