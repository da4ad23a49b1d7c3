import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareOf } from '../../src/processing/roster.ts'
import type { Handles } from '../../src/store/store.ts'
import type { Alive } from '../../src/store/workers.ts'

const handles = (...patterns: string[]): Handles[] =>
  patterns.map((pattern) => ({ pattern, name: pattern, leaseMs: 1_000, room: 5, strict: false }))

const worker = (name: string, release: string, startedAt: number, ...patterns: string[]): Alive => ({
  ...{ name, release, startedAt },
  handles: patterns.map((pattern) => ({ pattern, name: pattern })),
})

/** Types, and whether a worker may lease them: none of the handlers that match is without room. */
function leases(share: { handles: readonly Handles[]; unhandled: boolean }, type: string): boolean {
  const matching = share.handles.filter(
    ({ pattern }) =>
      pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  )
  return matching.length === 0 ? share.unhandled : matching.every(({ room }) => room > 0)
}

const share = (me: Alive, live: readonly Alive[]) =>
  shareOf({ name: me.name, release: me.release, handles: handles(...me.handles.map(({ pattern }) => pattern)) }, live)

test('a worker by itself takes everything, what nobody handles too', () => {
  const me = worker('a', 'r1', 1, 'invoice.paid')

  for (const live of [[], [me]]) {
    assert.equal(leases(share(me, live), 'invoice.paid'), true)
    assert.equal(leases(share(me, live), 'charge.failed'), true)
  }
})

test('a rolling restart that adds a handler: the old worker leaves its type to the new one, and goes on with the others', () => {
  const old = worker('old', 'r1', 1, 'invoice.paid')
  const fresh = worker('new', 'r2', 2, 'invoice.paid', 'invoice.*', 'charge.failed')
  const live = [old, fresh]

  for (const type of ['invoice.paid', 'charge.failed', 'payout.paid']) {
    assert.equal(leases(share(old, live), type), false, type)
    assert.equal(leases(share(fresh, live), type), true, type)
  }
})

test('a handler that the new release dropped: its type is worked by the old one while that lives, then it is unhandled', () => {
  const old = worker('old', 'r1', 1, 'invoice.paid', 'charge.failed')
  const fresh = worker('new', 'r2', 2, 'invoice.paid')

  assert.equal(leases(share(fresh, [old, fresh]), 'charge.failed'), false)
  assert.equal(leases(share(old, [old, fresh]), 'charge.failed'), true)
  assert.equal(leases(share(fresh, [fresh]), 'charge.failed'), true)
})

test('every type has somebody who may take it, whichever of two releases handles more', () => {
  const patterns = ['invoice.paid', 'invoice.*', '*', 'charge.failed']
  const subsets = Array.from({ length: 16 }, (_, bits) => patterns.filter((_, n) => bits & (1 << n)))
  for (const one of subsets)
    for (const more of subsets.filter((other) => one.every((pattern) => other.includes(pattern))))
      for (const type of ['invoice.paid', 'invoice.created', 'charge.failed', 'payout.paid']) {
        const live = [worker('old', 'r1', 1, ...one), worker('new', 'r2', 2, ...more)]
        assert.ok(
          live.some((me) => leases(share(me, live), type)),
          `${type} of ${one} and ${more}`,
        )
      }
})

test('a name with a wider pattern of ours is the same handler', () => {
  const me = worker('a', 'r1', 1)
  const wide = { ...handles('invoice.*')[0]!, name: 'books' }
  const other = { ...worker('b', 'r1', 1), handles: [{ pattern: 'invoice.paid', name: 'books' }] }

  assert.equal(leases(shareOf({ ...me, handles: [wide] }, [me, other]), 'invoice.paid'), true)
})

test('a worker of the old release that starts again does not become the newest', () => {
  const again = worker('again', 'r1', 3)
  const live = [worker('old', 'r1', 1), worker('new', 'r2', 2), again]

  assert.equal(share(again, live).unhandled, false)
  assert.equal(share(live[1]!, live).unhandled, true)
})
