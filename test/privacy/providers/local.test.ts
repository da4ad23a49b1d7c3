import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { masterInEnv } from '../../../src/privacy/providers/env.ts'
import { masterInFile } from '../../../src/privacy/providers/file.ts'

const ABOUT = { id: '0011223344556677', day: 20_785 }
const KEY = randomBytes(32)
const MASTER = randomBytes(32)

function fileWith(t: TestContext, text: string | null, mode = 0o600): string {
  const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-vault-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'master')
  if (text !== null) writeFileSync(path, text, { mode })
  if (text !== null) chmodSync(path, mode)
  return path
}

for (const form of ['base64', 'base64url', 'hex'] as const) {
  test(`a master key may be written in ${form}`, async (t) => {
    const master = masterInFile(fileWith(t, `${MASTER.toString(form)}\n`))

    assert.deepEqual(await master.unwrap(await master.wrap(KEY, ABOUT), ABOUT), KEY)
  })
}

test('a file and a variable with one key open what the other wrapped', async (t) => {
  const file = masterInFile(fileWith(t, MASTER.toString('hex')))
  const variable = masterInEnv('VAULT_KEY', { VAULT_KEY: MASTER.toString('base64') })

  assert.deepEqual(await variable.unwrap(await file.wrap(KEY, ABOUT), ABOUT), KEY)
})

test('a file is read again each time: a key that is written above the others wraps from then on', async (t) => {
  const path = fileWith(t, MASTER.toString('base64'))
  const master = masterInFile(path)
  const before = await master.wrap(KEY, ABOUT)

  writeFileSync(path, `# since this morning\n${randomBytes(32).toString('base64')}\n${MASTER.toString('base64')}\n`)
  const after = await master.wrap(KEY, ABOUT)

  assert.notEqual(before.split('.')[1], after.split('.')[1])
  assert.deepEqual(await master.unwrap(before, ABOUT), KEY)
  assert.deepEqual(await master.unwrap(after, ABOUT), KEY)
})

test('a file that others can read, or more than one can write, is refused with the command that mends it', async (t) => {
  for (const mode of [0o644, 0o604, 0o660, 0o622]) {
    const path = fileWith(t, MASTER.toString('base64'), mode)
    await assert.rejects(masterInFile(path).wrap(KEY, ABOUT), {
      code: 'vault_master_unfit',
      message: new RegExp(`its rights are 0${mode.toString(8)}`),
      remedy: `chmod 600 ${path}`,
    })
  }
  for (const mode of [0o600, 0o400, 0o440, 0o640]) {
    assert.ok(await masterInFile(fileWith(t, MASTER.toString('base64'), mode)).wrap(KEY, ABOUT))
  }
})

test('what is missing, empty or no key of 32 bytes is said with how to make one, and never shown', async (t) => {
  const wrong: [string | null, RegExp][] = [
    [null, /there is no such file/],
    ['', /it is empty/],
    ['# nothing yet\n', /it is empty/],
    ['correct horse battery staple', /key 1 there is not 32 bytes in base64 or hex/],
    [randomBytes(16).toString('base64'), /key 1 there is not 32 bytes in base64 or hex but 16/],
    [`${MASTER.toString('hex')}\n${randomBytes(31).toString('base64')}`, /key 2 there is not 32 bytes .* but 31/],
  ]
  for (const [text, says] of wrong) {
    const path = fileWith(t, text)
    const error = await masterInFile(path)
      .wrap(KEY, ABOUT)
      .then(assert.fail, (refusal) => refusal)
    assert.match(error.message, says)
    assert.equal(error.remedy, `Make one: (umask 077; openssl rand -base64 32 > ${path})`)
    for (const line of (text ?? '').split('\n')) assert.ok(line === '' || !error.message.includes(line))
  }
  await assert.rejects(masterInEnv('VAULT_KEY', {}).wrap(KEY, ABOUT), {
    code: 'vault_master_unfit',
    message: /env:VAULT_KEY: the variable is not set/,
    remedy: 'Make one: export VAULT_KEY="$(openssl rand -base64 32)"',
  })
})
