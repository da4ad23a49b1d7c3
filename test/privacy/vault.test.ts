import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../../src/core/clock.ts'
import { AHEAD_DAYS } from '../../src/privacy/keys.ts'
import { BODY, BOUND, company, DAY_MS, newMaster, SharedShelf } from './setup.ts'

test('what one process seals another one opens', async () => {
  const { kept } = company()
  const [ingestion, worker] = [await kept(), await kept()]

  assert.deepEqual(await worker.open(ingestion.seal(BODY, BOUND), BOUND), { kind: 'opened', body: BODY })
})

test('processes that start at once agree on one key for each day', async () => {
  const { kept, shelf } = company()
  const vaults = await Promise.all(Array.from({ length: 8 }, kept))

  const ids = new Set(vaults.map((vault) => Buffer.from(vault.seal(BODY, BOUND).subarray(1, 9)).toString('hex')))

  assert.equal(ids.size, 1)
  assert.equal(shelf.rows.size, 1 + AHEAD_DAYS)
})

test('each day has a key of its own, and midnight waits for nobody: the ledger may be away', async () => {
  const { kept, clock, shelf } = company()
  const vault = await kept()
  shelf.down = true
  const keys = new Set<string>()

  for (let day = 0; day <= AHEAD_DAYS; day++) {
    await clock.leap(day === 0 ? 12 * 3_600_000 - 1 : DAY_MS)
    const sealed = vault.seal(BODY, BOUND)
    keys.add(Buffer.from(sealed.subarray(1, 9)).toString('hex'))
    assert.deepEqual(await vault.open(sealed, BOUND), { kind: 'opened', body: BODY })
  }

  assert.equal(keys.size, 1 + AHEAD_DAYS)
})

test('when the ledger is away for longer than keys were made ahead, sealing says so, and goes on once it is back', async () => {
  const { kept, clock, shelf } = company()
  const vault = await kept()
  shelf.down = true
  await clock.leap((1 + AHEAD_DAYS) * DAY_MS)

  assert.throws(() => vault.seal(BODY, BOUND), { code: 'vault_keyless', message: /no key for 2026-12-01/ })
  await vault.keep().catch(() => {})
  shelf.down = false
  assert.throws(() => vault.seal(BODY, BOUND), { code: 'vault_keyless' })
  await vault.keep()

  assert.ok(vault.seal(BODY, BOUND))
})

test('a body that was changed, or came under another id, is never opened, and says why', async () => {
  const { kept } = company()
  const vault = await kept()
  const sealed = vault.seal(BODY, BOUND)
  const changed = sealed.slice()
  changed[30]! ^= 1

  const shut = { kind: 'never', why: 'it was changed, or sealed for another message' }
  assert.deepEqual(await vault.open(changed, BOUND), shut)
  assert.deepEqual(await vault.open(sealed, { ...BOUND, id: 'evt_2' }), shut)
  assert.deepEqual(await vault.open(BODY, BOUND), { kind: 'never', why: 'it is no sealed body' })
})

test('once its key is destroyed a body is shut for ever, in every process', async () => {
  const { kept, clock } = company()
  const [one, other] = [await kept(), await kept()]
  const sealed = one.seal(BODY, BOUND)

  await clock.leap(14 * DAY_MS)
  await one.keep()
  assert.equal((await one.open(sealed, BOUND)).kind, 'opened')
  await clock.leap(DAY_MS)
  await one.keep()
  await other.keep()

  const gone = { kind: 'never', why: 'the key that it was sealed with is destroyed' }
  assert.deepEqual(await one.open(sealed, BOUND), gone)
  assert.deepEqual(await other.open(sealed, BOUND), gone)
})

test('a key that the oldest message of the broker needs is kept, however old', async () => {
  const oldest = { ms: 0 }
  const { kept, clock } = company({ oldestMs: async () => oldest.ms })
  const vault = await kept()
  const sealed = vault.seal(BODY, BOUND)
  await clock.leap(30 * DAY_MS)

  oldest.ms = 30 * DAY_MS
  await vault.keep()
  assert.equal((await vault.open(sealed, BOUND)).kind, 'opened')
  oldest.ms = 0
  await vault.keep()
  assert.equal((await vault.open(sealed, BOUND)).kind, 'never')
})

test('while the age of the oldest message is unknown nothing is destroyed, and keys are made all the same', async () => {
  const { kept, clock, shelf } = company({ oldestMs: () => Promise.reject(new Error('the broker is away')) })
  const vault = await kept()
  await clock.leap(30 * DAY_MS)

  await vault.keep()

  assert.equal(shelf.rows.size, 2 * (1 + AHEAD_DAYS))
  assert.ok(vault.seal(BODY, BOUND))
})

test('a key that another process made meanwhile is looked for once for a whole batch', async () => {
  const { kept, clock, shelf } = company()
  const behind = await kept()
  await clock.leap(10 * DAY_MS)
  const ahead = await kept()
  const sealed = Array.from({ length: 50 }, () => ahead.seal(BODY, BOUND))
  shelf.looks = 0

  const opened = await Promise.all(sealed.map((one) => behind.open(one, BOUND)))

  assert.ok(opened.every(({ kind }) => kind === 'opened'))
  assert.equal(shelf.looks, 1)
})

test('a look that began before a key was made does not take it for destroyed', async () => {
  const { vault: open, shelf, kept } = company()
  const strange = (await kept()).seal(BODY, BOUND)
  shelf.rows.clear()
  const vault = open()
  const made = Promise.withResolvers<void>()
  const looks: Promise<unknown>[] = []
  const { offer, known } = SharedShelf.prototype
  shelf.offer = async (key) => {
    looks.push(vault.open(strange, BOUND))
    await settled()
    return offer.call(shelf, key)
  }
  shelf.known = async () => {
    const rows = await known.call(shelf)
    if (looks.length > 0) await made.promise
    return rows
  }

  await vault.keep()
  made.resolve()
  await Promise.all(looks)

  assert.equal(looks.length, 1 + AHEAD_DAYS)
  assert.ok(vault.seal(BODY, BOUND))
})

test('while the ledger or the master key is out of reach a body is for later, not for never', async () => {
  const { kept, vault, shelf, written } = company()
  const sealed = (await kept()).seal(BODY, BOUND)
  const fresh = vault()

  shelf.down = true
  assert.deepEqual(await fresh.open(sealed, BOUND), { kind: 'later', why: 'the ledger is out of reach' })
  shelf.down = false
  const old = written.text
  written.text = newMaster()
  const without = await fresh.open(sealed, BOUND)
  assert.equal(without.kind, 'later')
  assert.match(
    'why' in without ? without.why : '',
    /wrapped by the master key [0-9a-f]{12}, which is not in test:masters/,
  )

  written.text = `${written.text}\n${old}`
  assert.deepEqual(await fresh.open(sealed, BOUND), { kind: 'opened', body: BODY })
})

test('a new master key above the old one wraps what comes, and all that was sealed still opens', async () => {
  const { kept, clock, shelf, written } = company()
  const before = await kept()
  const sealed = before.seal(BODY, BOUND)
  const old = written.text
  written.text = `${newMaster()}  # since today\n${old}`
  await clock.leap(3 * DAY_MS)

  await before.keep()
  const after = await kept()

  assert.equal((await after.open(sealed, BOUND)).kind, 'opened')
  assert.equal((await before.open(after.seal(BODY, BOUND), BOUND)).kind, 'opened')
  const wrappers = new Set([...shelf.rows.values()].map(({ wrapped }) => wrapped.split('.')[1]))
  assert.equal(wrappers.size, 2)
})

test('a wrapped key that was changed, or put under another day or id, is refused', async () => {
  const { kept, vault, shelf } = company()
  await kept()
  const [day, key] = [...shelf.rows][0]!
  const [, later] = [...shelf.rows][1]!

  shelf.rows.set(day, { ...key, wrapped: later.wrapped })
  await assert.rejects(vault().keep(), { code: 'vault_key_damaged' })
  shelf.rows.set(day, { ...key, id: later.id })
  await assert.rejects(vault().keep(), { code: 'vault_key_damaged' })
  shelf.rows.set(day, { ...key, wrapped: 'kms1.AAAA' })
  await assert.rejects(vault().keep(), { code: 'vault_master_unknown' })
})

test('nothing of a key is on the shelf as it is', async () => {
  const { kept, shelf, written } = company()
  await kept()

  for (const { wrapped } of shelf.rows.values()) {
    const [, , sealed = ''] = wrapped.split('.')
    assert.equal(Buffer.from(sealed, 'base64url').byteLength, 12 + 32 + 16)
    assert.ok(!wrapped.includes(written.text))
  }
})
