import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configure, effective, vaultPlace } from '../../src/config.ts'

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

test('a vault is in a file, in a variable, or in AWS KMS', () => {
  assert.deepEqual(vaultPlace('file:/run/secrets/vault'), { kind: 'file', path: '/run/secrets/vault' })
  assert.deepEqual(vaultPlace('env:VAULT_KEY'), { kind: 'env', name: 'VAULT_KEY' })
  assert.deepEqual(vaultPlace(`kms:${ARN}`), { kind: 'kms', key: ARN })
  assert.deepEqual(vaultPlace('kms:alias/hookkeeper'), { kind: 'kms', key: 'alias/hookkeeper' })
})

const WRONG: readonly [string, RegExp][] = [
  ['/run/secrets/vault', /does not say where the master key is; write file:\/path, env:NAME, or kms:/],
  ['vault:secret/x', /does not say where the master key is/],
  ['file:', /names no file; write file:\/path/],
  ['env:', /names no environment variable; write env:NAME/],
  ['env:two words', /names no environment variable/],
  ['env:HOOKKEEPER_VAULT_KEY', /begins with HOOKKEEPER_, as only settings do; name it VAULT_KEY/],
  ['kms:1234abcd', /names no key of AWS KMS; write kms:alias\/name, or kms:arn:aws:kms:/],
  ['kms:arn:aws:s3:::bucket', /names no key of AWS KMS/],
]

for (const [written, says] of WRONG) {
  test(`a vault in ${written} is refused with what to write`, () => {
    assert.throws(() => configure({}, { env: { HOOKKEEPER_VAULT: written } }), {
      code: 'config_invalid',
      message: says,
    })
  })
}

test('a key that was written where its place belongs is refused and not shown', () => {
  const key = Buffer.alloc(32, 9).toString('base64')

  assert.throws(
    () => configure({}, { env: { HOOKKEEPER_VAULT: key } }),
    ({ message }: Error) => message.startsWith('HOOKKEEPER_VAULT: vault does not say') && !message.includes(key),
  )
})

test('the place is no secret, and is shown; without one there is no vault', () => {
  const config = configure({}, { env: { HOOKKEEPER_VAULT: 'env:VAULT_KEY', HOOKKEEPER_VAULT_DAYS: '30' } })

  assert.deepEqual([config.vault, config.vaultDays], ['env:VAULT_KEY', 30])
  assert.ok(JSON.stringify(effective(config)).includes('env:VAULT_KEY'))
  assert.equal(configure({}, { env: {} }).vault, null)
})
