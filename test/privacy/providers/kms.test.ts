import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { masterInKms } from '../../../src/privacy/providers/kms.ts'
import { awsKms } from '../../services/aws-kms.ts'
import { startKms } from './kms-server.ts'

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const ABOUT = { id: '0011223344556677', day: 20_785 }
const CONTEXT = { 'hookkeeper:edge-key': '0011223344556677', 'hookkeeper:day': '2026-11-28' }
const KEY = randomBytes(32)
const skip = awsKms.skip

/** What a user would set, but for the address: AWS's client reads it from the environment. */
async function masterOf(t: TestContext, key: string, region = 'us-east-2') {
  const kms = await startKms(t, ARN)
  const given: Record<string, string> = {
    AWS_ENDPOINT_URL_KMS: kms.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI',
  }
  const before = Object.keys(given).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, given)
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  const { load } = await awsKms.ready()
  return { master: masterInKms(key, load), kms }
}

test('a key is wrapped and unwrapped by the calls that the API reference of KMS describes', { skip }, async (t) => {
  const { master, kms } = await masterOf(t, ARN)

  const wrapped = await master.wrap(KEY, ABOUT)
  const key = await master.unwrap(wrapped, ABOUT)

  assert.deepEqual(Buffer.from(key), KEY)
  const blob = wrapped.replace(/^kms1\./, '')
  assert.deepEqual(
    kms.asked.map(({ target, body, contentType }) => ({ target, body, contentType })),
    [
      {
        target: 'TrentService.Encrypt',
        body: { KeyId: ARN, Plaintext: KEY.toString('base64'), EncryptionContext: CONTEXT },
        contentType: 'application/x-amz-json-1.1',
      },
      {
        target: 'TrentService.Decrypt',
        body: { KeyId: ARN, CiphertextBlob: blob, EncryptionContext: CONTEXT },
        contentType: 'application/x-amz-json-1.1',
      },
    ],
  )
  // The region is the key's own.
  assert.match(
    kms.asked[0]!.authorization,
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/kms\/aws4_request/,
  )
})

test('an alias wraps in the region of the environment, and names no key to unwrap with: it may point at another by then', {
  skip,
}, async (t) => {
  const { master, kms } = await masterOf(t, 'alias/hookkeeper')

  await master.unwrap(await master.wrap(KEY, ABOUT), ABOUT)

  assert.deepEqual(
    kms.asked.map(({ body }) => body['KeyId']),
    ['alias/hookkeeper', undefined],
  )
  assert.match(kms.asked[0]!.authorization, /\/us-east-2\/kms\//)
})

test('a key that is passed off as another is refused, and so is one that was wrapped elsewhere', {
  skip,
}, async (t) => {
  const { master } = await masterOf(t, ARN)
  const wrapped = await master.wrap(KEY, ABOUT)

  await assert.rejects(master.unwrap(wrapped, { ...ABOUT, day: ABOUT.day + 1 }), {
    code: 'vault_kms_failed',
    message: `AWS KMS did not decrypt with ${ARN}: InvalidCiphertextException.`,
  })
  await assert.rejects(master.unwrap('local1.aa.bb', ABOUT), { code: 'vault_master_unknown' })
})

test('a refusal of KMS is named by its kind alone, and the next call is a new one', { skip }, async (t) => {
  const { master, kms } = await masterOf(t, ARN)
  kms.refusal.next = { status: 400, __type: 'AccessDeniedException' }

  await assert.rejects(master.wrap(KEY, ABOUT), {
    code: 'vault_kms_failed',
    message: `AWS KMS did not encrypt with ${ARN}: AccessDeniedException.`,
  })
  assert.ok(await master.wrap(KEY, ABOUT))
})

test('without the package a vault in KMS says what to install', async () => {
  const absent = () => Promise.reject(Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' }))

  await assert.rejects(masterInKms(ARN, absent).wrap(KEY, ABOUT), {
    code: 'peer_missing',
    message: 'A vault in AWS KMS needs the package @aws-sdk/client-kms, which is not installed.',
  })
})
