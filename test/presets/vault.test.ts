import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { openVault } from '../../src/presets/vault.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { folderFor } from '../chaos/here.ts'
import { BODY, BOUND } from '../privacy/setup.ts'

async function ledgerIn(t: TestContext, folder: string) {
  const store = await openSqlite({ path: join(folder, 'ledger.db') })
  t.after(() => store.close())
  return store
}

const options = { env: {}, vaultDays: 14, clock: systemClock, log: silent }

test('a vault over a ledger: what one process sealed is opened by a later one, whatever it is that holds the key', async (t) => {
  const folder = folderFor(t)
  const { edgeKeys } = await ledgerIn(t, folder)
  const master = randomBytes(32)
  writeFileSync(join(folder, 'master'), master.toString('base64'), { mode: 0o600 })
  const env = { VAULT_KEY: master.toString('hex') }
  const first = await openVault('file:master', { ...options, cwd: folder, edgeKeys })
  const second = await openVault('env:VAULT_KEY', { ...options, cwd: folder, edgeKeys, env })

  await Promise.all([first.keep(), second.keep()])

  assert.deepEqual(await second.open(first.seal(BODY, BOUND), BOUND), { kind: 'opened', body: BODY })
  assert.equal((await edgeKeys.known()).length, 3)
})

test('a vault whose master key is not there has no keys, and says where it looked', async (t) => {
  const folder = folderFor(t)
  const { edgeKeys } = await ledgerIn(t, folder)
  const vault = await openVault('file:master', { ...options, cwd: folder, edgeKeys })

  await assert.rejects(vault.keep(), {
    code: 'vault_master_unfit',
    message: `The vault finds no master key in file:${join(folder, 'master')}: there is no such file.`,
  })
  assert.throws(() => vault.seal(BODY, BOUND), { code: 'vault_keyless' })
})
