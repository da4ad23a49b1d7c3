import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import { silent } from '../../src/core/service.ts'
import { Lanes } from '../../src/store/lanes.ts'
import { migrateSqlite } from '../../src/store/migrate.ts'
import { connect } from '../../src/store/sqlite/connection.ts'
import { type Sync, syncLog } from '../../src/store/sqlite/sync.ts'
import { Writer } from '../../src/store/sqlite/writer.ts'
import type { Leased, Want } from '../../src/store/store.ts'

const DAY_MS = 86_400_000

test('nobody is answered before the log is synced, and what is committed meanwhile shares the next sync', async (t) => {
  const { admit, disk, turn, answered } = opened(t)

  admit('evt_1')
  await turn()
  admit('evt_2')
  await turn()
  admit('evt_3')
  await turn()
  assert.deepEqual([disk.begun, answered()], [1, []])

  disk.end(null)
  await turn()
  assert.deepEqual([disk.begun, answered()], [2, ['evt_1']])

  disk.end(null)
  await turn()
  assert.deepEqual([disk.begun, answered()], [2, ['evt_1', 'evt_2', 'evt_3']])
})

test('when a sync fails nobody hears yes, nothing is taken until the log is written anew, and nothing is lost or doubled', async (t) => {
  const { admit, writer, clock, disk, turn, answered } = opened(t)
  const first = admit('evt_1')
  await turn()
  const second = admit('evt_2')
  await turn()

  disk.end(EIO)
  for (const answer of [first, second]) {
    const { code, message } = await answer.then(
      () => assert.fail('it was answered'),
      (error: { code: string; message: string }) => error,
    )
    assert.equal(code, 'store_failed')
    assert.match(message, /fdatasync gave EIO/)
    assert.doesNotMatch(message, /secret/)
  }

  await clock.advance(500)
  const again = [admit('evt_1'), admit('evt_3')]
  await turn()
  disk.end(null)
  assert.deepEqual(await Promise.all(again), [['repeat'], ['new']])
  assert.deepEqual(answered(), ['evt_1', 'evt_3'])
  const found = writer.call('find', [{ limit: 9 }])
  await turn()
  const { data } = (await found) as { data: { id: string }[] }
  assert.deepEqual(data.map(({ id }) => id).sort(), ['evt_1', 'evt_2', 'evt_3'])
})

test('when the sync before a segment is deleted fails, the log is written anew before anything else is taken', async (t) => {
  const { admit, clock, db, disk, filed, turn } = opened(t)
  admit('evt_1', { as: 'record' })
  await turn()
  disk.end(null)
  db.exec('insert into hookkeeper_segments (number, first) values (1, 1)')
  disk.failsAtOnce = true
  await clock.leap(31 * DAY_MS)
  await turn()
  assert.deepEqual(filed(), [])

  disk.failsAtOnce = false
  await clock.advance(500)
  await turn()

  assert.deepEqual(filed(), ['evt_1'])
})

test('a sync that fails when those it was for have gone has the log written anew as well', async (t) => {
  const { admit, clock, disk, filed, failCommit, turn } = opened(t)
  const first = admit('evt_1')
  await turn()
  await failCommit('evt_2')
  await assert.rejects(first, { code: 'store_failed' })
  await clock.advance(500)
  await turn()

  disk.end(EIO)
  const again = admit('evt_3')
  await turn()

  assert.deepEqual(filed(), ['evt_1'])
  disk.end(null)
  assert.deepEqual(await again, ['new'])
})

test('a sync that nobody waits for any more still ends before the next begins', async (t) => {
  const { admit, clock, disk, failCommit, turn, answered } = opened(t)
  admit('evt_1')
  await turn()
  await failCommit('evt_2')
  await clock.advance(500)
  admit('evt_3')
  await turn()
  assert.equal(disk.begun, 1)

  disk.end(null)
  assert.equal(disk.begun, 2)
  disk.end(null)
  await turn()
  assert.deepEqual(answered(), ['evt_3'])
})

test('closing syncs what nobody was told of yet', async (t) => {
  const { admit, writer, disk, turn } = opened(t)
  const atStart = disk.atOnce
  const answer = admit('evt_1')
  await turn()

  writer.close()

  assert.deepEqual(await answer, ['new'])
  assert.equal(disk.atOnce - atStart, 1)
})

test('whoever holds a lease hears by the commit, and the disk has it soon after', async (t) => {
  const { admit, writer, clock, disk, turn } = opened(t)
  admit('evt_1')
  await turn()
  disk.end(null)
  const lease = writer.call('lease', [want, 1])
  await turn()
  const [work] = (await lease) as [Leased]

  const settle = writer.call('settle', [[{ work, outcome: { kind: 'done', reason: 'worked' }, returned: [] }]])
  await turn()

  assert.deepEqual([await settle, disk.begun], [['settled'], 1])
  await clock.advance(25)
  assert.equal(disk.begun, 2)
  disk.end(null)
})

test('the log that is synced is the file beside the ledger', async (t) => {
  const { path } = opened(t)
  assert.ok(existsSync(`${path}-wal`))

  const sync = syncLog(path)
  sync.now()
  const error = await new Promise((resolve) => sync.begin(resolve))
  sync.close()

  assert.equal(error, null)
})

/** A writer over a disk that syncs when it is told to. */
function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'sync-'))
  const path = join(dir, 'ledger.db')
  const clock = new VirtualClock()
  const disk = new Disk()
  const rounds: (() => void)[] = []
  const db = connect(path, { checkpoints: true, syncs: 'apart' })
  migrateSqlite(db, path)
  const retention = { bodyDays: 30, eventDays: 90, everyMs: 60_000 }
  const soon = (run: () => void) => void rounds.push(run)
  const writer = new Writer(db, { clock, log: silent, retention, scheduler: () => new Lanes(), soon, sync: disk })
  t.after(() => {
    writer.close()
    rmSync(dir, { recursive: true })
  })
  const heard: string[] = []
  return {
    path,
    clock,
    disk,
    db,
    writer,
    answered: () => heard.toSorted(),
    admit,
    turn,
    /** A round that would have admitted this one. */
    async failCommit(id: string) {
      db.exec('pragma query_only = on')
      const answer = admit(id)
      await turn()
      await assert.rejects(answer, { code: 'store_failed' })
      db.exec('pragma query_only = off')
    },
    /** The events that are in the file itself, whatever the log beside it has. */
    filed(): string[] {
      copyFileSync(path, `${path}.alone`)
      const alone = new DatabaseSync(`${path}.alone`)
      try {
        const tables = alone.prepare("select 1 from sqlite_schema where name = 'hookkeeper_events'").all()
        const rows = tables.length > 0 ? alone.prepare('select id from hookkeeper_events').all() : []
        return rows.map((row) => String(row['id']))
      } finally {
        alone.close()
      }
    },
  }

  function admit(id: string, more: Partial<Envelope> = {}): Promise<unknown> {
    const answer = writer.call('admit', [[{ ...event(id, clock.now()), ...more }]])
    answer.then(
      () => heard.push(id),
      () => {},
    )
    return answer
  }

  async function turn() {
    for (const run of rounds.splice(0)) run()
    await Promise.resolve()
  }
}

const EIO = Object.assign(new Error('secret'), { code: 'EIO', syscall: 'fdatasync' })

class Disk implements Sync {
  readonly apart = true
  begun = 0
  atOnce = 0
  failsAtOnce = false
  #done: (error: Error | null) => void = () => {}

  begin(done: (error: Error | null) => void): void {
    this.begun++
    this.#done = done
  }

  end(error: Error | null): void {
    this.#done(error)
  }

  now(): void {
    this.atOnce++
    if (this.failsAtOnce) throw EIO
  }

  close(): void {}
}

const want: Want = {
  max: 1,
  waitMs: 0,
  worker: 'w',
  release: 'r',
  handles: [{ pattern: '*', name: 'h', leaseMs: 30_000, room: 1, strict: false }],
}

const event = (id: string, createdAt: number): Envelope => ({
  id,
  type: 'invoice.paid',
  tenant: { account: 'default', connected: null, livemode: false },
  apiVersion: null,
  createdAt,
  object: `in_${id}`,
  customer: 'cus_1',
  endpoint: 'default',
  via: 'webhook',
  body: Buffer.from('{}'),
  lane: 'default/test:cus_1',
  rank: 1,
  urgency: 'soon',
  as: 'work',
})
