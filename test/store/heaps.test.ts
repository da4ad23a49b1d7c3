import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Ages } from '../../src/store/ages.ts'
import { Fifo } from '../../src/store/fifo.ts'
import { DueHeap, NONE, Rings, SkewHeaps } from '../../src/store/heaps.ts'
import { seed } from '../size.ts'

const options = { seed, numRuns: 500 }
const number = fc.nat({ max: 20 })
const action = fc.oneof(fc.record({ push: number }), fc.constant(null))

test('a due heap gives the earliest, whatever went in and out before', () => {
  const property = fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
    const heap = new DueHeap()
    let model: { at: number; value: number }[] = []
    for (const [value, one] of actions.entries()) {
      if (one) {
        heap.push(one.push, value)
        model.push({ at: one.push, value })
      } else {
        const earliest = Math.min(...model.map(({ at }) => at))
        assert.equal(heap.nextAt(), earliest)
        const popped = heap.pop()
        const gone = model.find((entry) => entry.value === popped)
        assert.equal(gone?.at, model.length === 0 ? undefined : earliest)
        model = model.filter((entry) => entry !== gone)
      }
      assert.equal(heap.size, model.length)
    }
  })
  fc.assert(property, options)
})

test('a due heap that was filtered is a heap of what stayed', () => {
  const property = fc.property(fc.array(number), (instants) => {
    const heap = new DueHeap()
    for (const [value, at] of instants.entries()) heap.push(at, value)
    heap.filter((value) => value % 2 === 0)

    const order: number[] = []
    for (let value = heap.pop(); value !== undefined; value = heap.pop()) order.push(instants[value]!)
    assert.deepEqual(
      order,
      instants.filter((_, value) => value % 2 === 0).sort((a, b) => a - b),
    )
  })
  fc.assert(property, options)
})

test('of many skew heaps in one pair of arrays each gives its own nodes in order', () => {
  const property = fc.property(fc.array(fc.record({ heap: fc.nat({ max: 2 }), weight: number })), (pushes) => {
    const before = (a: number, b: number) =>
      pushes[a]!.weight < pushes[b]!.weight || (pushes[a]!.weight === pushes[b]!.weight && a < b)
    const heaps = new SkewHeaps(before)
    const roots = [NONE, NONE, NONE]
    for (const [node, { heap }] of pushes.entries()) roots[heap] = heaps.push(roots[heap]!, node)
    for (const [heap, root] of roots.entries()) {
      const own = [...pushes.keys()].filter((node) => pushes[node]!.heap === heap)
      assert.deepEqual(
        [...heaps.nodes(root)].sort((a, b) => a - b),
        own,
      )
      const order: number[] = []
      for (let node = root; node !== NONE; node = heaps.pop(node)) order.push(node)
      assert.deepEqual(
        order,
        own.sort((a, b) => (before(a, b) ? -1 : 1)),
      )
    }
  })
  fc.assert(property, options)
})

test('a skew heap bears a hundred thousand nodes in the worst order', () => {
  const heaps = new SkewHeaps((a, b) => a < b)
  let root: number = NONE
  for (let node = 99_999; node >= 0; node--) root = heaps.push(root, node)
  for (let node = 0; node < 100_000; node++) {
    assert.equal(root, node)
    root = heaps.pop(root)
  }
  assert.equal(root, NONE)
})

test('a fifo gives what went in first, however long it is used', () => {
  const property = fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
    const fifo = new Fifo<number>()
    const model: number[] = []
    for (const one of actions) {
      if (one) {
        fifo.push(one.push)
        model.push(one.push)
      } else assert.equal(fifo.shift(), model.shift())
      assert.equal(fifo.size, model.length)
      assert.equal(fifo.peek(), model[0])
    }
  })
  fc.assert(property, options)

  const long = new Fifo<number>()
  for (let n = 1; n <= 50_000; n++) {
    long.push(2 * n - 1)
    long.push(2 * n)
    assert.equal(long.shift(), n)
  }
})

test('rings turn, grow and shrink as lists do', () => {
  const step = fc.record({
    what: fc.constantFrom('append', 'remove', 'turn'),
    ring: fc.nat({ max: 1 }),
    node: fc.nat({ max: 7 }),
  })
  const property = fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
    const rings = new Rings()
    const model: number[][] = [[], []]
    for (const { what, ring, node } of steps) {
      const list = model[ring]!
      if (what === 'turn') {
        rings.turn(ring)
        if (list.length > 0) list.push(list.shift()!)
      } else if (what === 'append' && !model.flat().includes(node)) {
        rings.append(ring, node)
        list.push(node)
      } else if (what === 'remove' && list.includes(node)) {
        rings.remove(ring, node)
        list.splice(list.indexOf(node), 1)
      }
      for (const [i, one] of model.entries()) assert.equal(rings.first(i), one[0] ?? NONE)
    }
  })
  fc.assert(property, options)
})

test('the oldest age is right to a tenth of a second, and nothing is kept of what has gone', () => {
  const step = fc.oneof(fc.record({ at: fc.integer({ min: -50_000, max: 50_000 }) }), fc.record({ remove: number }))
  const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const ages = new Ages()
    let live: { at: number; tick: number }[] = []
    for (const one of steps) {
      if ('at' in one) live.push({ at: 1e12 + one.at, tick: ages.add(1e12 + one.at) })
      else if (live.length > 0) {
        const gone = live[one.remove % live.length]!
        ages.remove(gone.tick)
        live = live.filter((other) => other !== gone)
      }
      const oldest = Math.min(...live.map(({ at }) => at))
      const told = ages.oldestAt()
      if (live.length === 0) assert.equal(told, null)
      else assert.ok(told !== null && told <= oldest && oldest - told < 100, `${told} for ${oldest}`)
    }
  })
  fc.assert(property, options)
})
