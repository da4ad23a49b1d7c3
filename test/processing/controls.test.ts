import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import { ControlWatch } from '../../src/processing/controls.ts'
import type { Control, Hold } from '../../src/store/store.ts'
import { collecting, type Line } from './room.ts'

function watching() {
  const clock = new VirtualClock()
  const live: Control[] = []
  const held: (readonly Hold[])[] = []
  const lines: Line[] = []
  const state = { failing: false, reads: 0 }
  const read = async () => {
    state.reads++
    if (state.failing) throw new Error('away')
    return [...live]
  }
  const hold = async (holds: readonly Hold[]) => void held.push(holds)
  const store = { controls: { live: read }, ledger: { hold } }
  return { clock, live, held, lines, state, watch: new ControlWatch({ store, clock, log: collecting(lines) }) }
}

const control = (id: string, kind: Control['kind'], target: Control['target']): Control => ({
  ...{ id, kind, target, by: 'anna', why: 'test', at: 0, expiresAt: 1 },
})

test('a pause is held within a second, and released within a second of its end', async () => {
  const { clock, live, held, watch } = watching()
  await watch.start()
  assert.deepEqual(held, [[]], 'what an earlier process held is replaced at the start')

  live.push(control('c1', 'pause', { types: ['invoice.*'] }))
  await clock.advance(1_000)
  assert.deepEqual(held.at(-1), [{ why: 'pause:c1', types: ['invoice.*'] }])
  await clock.advance(5_000)
  assert.equal(held.length, 2, 'what did not change is not written')

  live.pop()
  await clock.advance(1_000)
  assert.deepEqual(held.at(-1), [])
  await watch.stop()
})

test('a poke has it in force at once', async () => {
  const { live, held, watch } = watching()
  await watch.start()

  live.push(control('c2', 'reroute', { destination: 'a.example' }), control('c3', 'pause', { accounts: ['eu'] }))
  await watch.poke()

  assert.equal(watch.rerouted('a.example'), true)
  assert.equal(watch.rerouted('b.example'), false)
  assert.deepEqual(held.at(-1), [{ why: 'pause:c3', accounts: ['eu'] }])
})

test('many pokes at once read once more, not once each', async () => {
  const { state, watch } = watching()
  await watch.start()
  const before = state.reads

  await Promise.all(Array.from({ length: 50 }, () => watch.poke()))

  assert.ok(state.reads - before <= 2, `${state.reads - before} reads`)
})

test('while the controls cannot be read the last known ones stay in force, with one line about it', async () => {
  const { clock, live, held, lines, state, watch } = watching()
  live.push(control('c1', 'pause', { lanes: ['l'] }))
  await watch.start()

  state.failing = true
  await clock.advance(10_000)
  assert.deepEqual(held.at(-1), [{ why: 'pause:c1', lanes: ['l'] }])
  assert.equal(lines.length, 1)

  state.failing = false
  await clock.advance(1_000)
  assert.equal(lines.length, 2)
})

test('after the stop nothing is read any more', async () => {
  const { clock, state, watch } = watching()
  await watch.start()
  await watch.stop()
  const before = state.reads

  await clock.advance(10_000)
  await settled()

  assert.equal(state.reads, before)
  assert.equal(clock.next(), null)
})
