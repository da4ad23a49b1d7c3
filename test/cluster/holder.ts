import { openPostgres } from '../../src/store/postgres.ts'
import { handler } from '../../src/testing/scene.ts'
import { connected } from '../services/postgres-client.ts'

// Leases all there is and holds it; says so once the others can see by its connection that it lives.
const url = process.argv[2] ?? ''
const { ledger } = await openPostgres({ url })
const want = { max: 100, waitMs: 20_000, worker: 'holder', release: 'r', handles: [handler()] }
void (async () => {
  for (;;) await ledger.lease(want)
})()

const client = await connected(url)
for (;;) {
  const { rows } = await client.query(
    `select exists (select from hookkeeper_members where pid is not null)
       and not exists (select from hookkeeper_queue where state = 0) as so`,
  )
  if (rows[0].so) break
}
console.log('holds')
