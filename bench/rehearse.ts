import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../src/core/clock.ts'
import type { Envelope } from '../src/core/event.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { freshDir } from './machine.ts'

const EVENTS = { full: 10_000, quick: 1_000 }
const REHEARSAL = 'rehearse'

/** `hookkeeper rehearse` as published, from its start to its end: copy, processes and all. */
export const rehearse: Bench = {
  name: 'rehearse',
  about: `${EVENTS.full} recorded events over handlers of which three in four write in a transaction and one calls out`,
  reference: null,
  alternations: { full: 5, quick: 1 },
  bars: [
    { subject: REHEARSAL, metric: 'took', atMost: 60, of: null },
    { subject: REHEARSAL, metric: 'outside', atMost: 0, of: null },
    { subject: REHEARSAL, metric: 'regressions', atMost: 0, of: null },
    { subject: REHEARSAL, metric: 'left_out', atMost: 0, of: null },
  ],
  run: (settings) => alternate([REHEARSAL], settings, () => rehearsed(settings)),
}

async function rehearsed({ quick, dir: under }: Settings): Promise<Figures> {
  const { dir, remove } = freshDir(under)
  let outside = 0
  const server = createServer((_, response) => response.end()).on('connection', () => outside++)
  try {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const events = quick ? EVENTS.quick : EVENTS.full
    await record(join(dir, 'ledger.db'), events)
    const from = performance.now()
    const account = await run(dir, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const took = (performance.now() - from) / 1_000
    return {
      took: [took, 's'],
      rate: [events / took, '1/s'],
      outside: [outside, 'connections'],
      regressions: [account.counts.regression, 'events'],
      unknown: [account.counts.unknown, 'events'],
      left_out: [events - account.events, 'events'],
    }
  } finally {
    server.close()
    remove()
  }
}

const BATCH = 500
const BODY_BYTES = 2_900
const HANDLES = [{ pattern: '*', name: 'one', leaseMs: 30_000, room: BATCH, strict: false }]

async function record(path: string, events: number): Promise<void> {
  const { ledger, close } = await openSqlite({ path })
  for (let from = 0; from < events; from += BATCH) {
    await ledger.admit(Array.from({ length: BATCH }, (_, n) => envelope(from + n)))
    const want = { max: BATCH, waitMs: 0, worker: 'bench', release: 'before', handles: HANDLES }
    const work = await ledger.lease(want)
    await ledger.settle(
      work.map((one) => ({ work: one, outcome: { kind: 'done', reason: 'worked' }, returned: [] }) as const),
    )
  }
  await close()
}

function envelope(n: number): Envelope {
  const id = `evt_${n}`
  const type = n % 4 === 0 ? 'payout.paid' : 'invoice.paid'
  const object = { id: `in_${n}`, total: n, description: 'x'.repeat(BODY_BYTES) }
  return {
    ...{ id, type, apiVersion: null, createdAt: systemClock.now(), object: object.id, customer: `cus_${n % 1_000}` },
    ...{ tenant: { account: 'default', connected: null, livemode: false }, endpoint: 'default', via: 'webhook' },
    ...{ lane: `default/test:cus_${n % 1_000}`, rank: 10, urgency: 'soon', as: 'work' },
    body: Buffer.from(JSON.stringify({ id, object: 'event', type, data: { object } })),
  }
}

interface Told {
  readonly events: number
  readonly counts: { readonly regression: number; readonly unknown: number }
}

function run(cwd: string, target: string): Promise<Told> {
  const bin = fileURLToPath(new URL('../dist/cli/bin.js', import.meta.url))
  const handlers = fileURLToPath(new URL('rehearse/handlers.mjs', import.meta.url))
  const args = [bin, 'rehearse', '--json', '--database', 'sqlite:ledger.db', '--handlers', handlers]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd, env: { TARGET: target } }, (error, out, err) => {
      if (out === '') reject(new Error(`It said nothing: ${err}`, { cause: error }))
      else resolve(JSON.parse(out))
    })
  })
}
