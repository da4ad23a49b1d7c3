import assert from 'node:assert/strict'
import { pbkdf2 } from 'node:crypto'
import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { VirtualClock } from '../../../src/core/clock.ts'
import { silent } from '../../../src/core/service.ts'
import { Arrivals } from '../../../src/store/sqlite/arrivals/arrivals.ts'
import { ArrivalsLog } from '../../../src/store/sqlite/arrivals/log.ts'
import { fileOf, folderOf, placeOf, segmentsIn } from '../../../src/store/sqlite/arrivals/place.ts'
import { Progress } from '../../../src/store/sqlite/arrivals/progress.ts'
import { Segment } from '../../../src/store/sqlite/arrivals/segment.ts'
import { event, ledgerPath } from './setup.ts'

test('what is written right after a write that failed half-way stays, however busy the thread pool is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'segment-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const segment = await Segment.create(folder, 1, 0)
  const disk = brokenDisk(t)
  const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('', '', 200_000, 64, 'sha512'))

  disk.full()
  assert.throws(() => segment.write(Buffer.from('torn and refused')), { code: 'ENOSPC' })
  disk.mend()
  segment.write(Buffer.from('kept'))
  assert.equal(await new Promise((resolve) => segment.sync(resolve)), null)

  await Promise.all(busy)
  assert.equal(readFileSync(fileOf(folder, 1), 'utf8'), 'kept')
  segment.close()
})

test('a segment out of which a failed write cannot be taken is never written again, and what it holds is still synced', async (t) => {
  const ledger = ledgerPath(t)
  const log = opened(t, ledger)
  await log.append('evt_1')
  const disk = brokenDisk(t)

  const underWay = log.append('evt_2')
  disk.full({ uncuttable: true })
  await assert.rejects(log.append('evt_refused'), { code: 'store_failed' })
  disk.mend()
  await Promise.all([underWay, log.append('evt_3'), log.append('evt_4')])

  assert.deepEqual(segmentsIn(folderOf(ledger)), [1, 2])
  assert.deepEqual(log.read(), ['evt_1', 'evt_2', 'evt_3', 'evt_4'])
})

test('events that wait for a segment are not written into one that was left before their turn came', async (t) => {
  const ledger = ledgerPath(t)
  const log = opened(t, ledger)
  const disk = brokenDisk(t)

  disk.full({ uncuttable: true, times: 1 })
  const [first, second] = await Promise.allSettled([log.append('evt_refused'), log.append('evt_1')])
  disk.mend()

  assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled'])
  assert.deepEqual(log.read(), ['evt_1'])
  assert.deepEqual(segmentsIn(folderOf(ledger)), [1, 2])
})

/** A disk that takes half of what is written and then no more, in every module that writes. */
function brokenDisk(t: TestContext) {
  const { writeSync, ftruncateSync } = fs
  const no = (syscall: string, code: string) => Object.assign(new Error(code), { code, syscall })
  const mend = () => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  }
  t.after(mend)
  return {
    mend,
    full({ uncuttable = false, times = Number.POSITIVE_INFINITY } = {}) {
      let left = times
      t.mock.method(fs, 'writeSync', (fd: number, bytes: Buffer, from: number, length: number, at: number) => {
        if (left <= 0) return writeSync(fd, bytes, from, length, at)
        if (length <= 1 || from > 0) {
          left--
          throw no('write', 'ENOSPC')
        }
        return writeSync(fd, bytes, from, length >> 1, at)
      })
      t.mock.method(fs, 'ftruncateSync', (fd: number, size: number) => {
        if (uncuttable) throw no('ftruncate', 'EIO')
        ftruncateSync(fd, size)
      })
      syncBuiltinESMExports()
    },
  }
}

function opened(t: TestContext, ledger: string) {
  const progress = new Progress()
  const arrivals = new Arrivals(ledger, progress, silent)
  arrivals.begin(placeOf(1, 0))
  const clock = new VirtualClock()
  const log = new ArrivalsLog(folderOf(ledger), { first: arrivals.following, progress, clock, rouse() {} })
  t.after(() => log.close().then(() => arrivals.close()))
  return {
    append: (id: string) => log.append([event(id)], () => {}),
    read(): string[] {
      const ids: string[] = []
      for (let next = arrivals.next(); next; next = arrivals.next()) ids.push(next.frame.facts[0])
      return ids
    },
  }
}
