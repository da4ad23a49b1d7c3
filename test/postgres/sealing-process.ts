import { systemClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { openVault } from '../../src/presets/vault.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { BODY, BOUND } from '../privacy/setup.ts'

/** One of several processes that seal over one ledger: it makes its keys when told to, seals a body, and opens what others sealed. */
const [url = ''] = process.argv.slice(2)
const store = await openPostgres({ url })
const vault = await openVault('env:VAULT_KEY', {
  ...{ cwd: process.cwd(), env: process.env, edgeKeys: store.edgeKeys, vaultDays: 14 },
  ...{ clock: systemClock, log: silent },
})

process.on('message', async (asked: { open?: string }) => {
  if (asked.open === undefined) {
    await vault.keep()
    process.send?.({ sealed: Buffer.from(vault.seal(BODY, BOUND)).toString('hex') })
    return
  }
  const opened = await vault.open(Buffer.from(asked.open, 'hex'), BOUND)
  process.send?.({ opened: opened.kind })
  await store.close()
  process.disconnect()
})
process.send?.({ up: true })
