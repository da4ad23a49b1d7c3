import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { openPostgres } from '../../src/store/postgres.ts'
import { ownSchema } from '../conformance/postgres.ts'
import { postgres } from '../services/postgres.ts'

const PROCESSES = 3
const PROCESS = new URL('./sealing-process.ts', import.meta.url)

async function start(t: TestContext, url: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = fork(PROCESS, [url], { env })
  t.after(() => child.exitCode ?? child.kill('SIGKILL'))
  await once(child, 'message')
  return child
}

const told = async <V>(child: ChildProcess, word: object): Promise<V> => {
  const [answer] = await Promise.all([once(child, 'message'), child.send(word)])
  return answer[0] as V
}

test('processes that make their keys at one moment agree on them, and open what the others sealed', {
  skip: postgres.skip,
}, async (t) => {
  const { direct, drop } = await ownSchema(await postgres.ready())
  t.after(drop)
  const store = await openPostgres({ url: direct, migrates: true })
  t.after(() => store.close())
  const env = { ...process.env, VAULT_KEY: randomBytes(32).toString('base64') }
  const children = await Promise.all(Array.from({ length: PROCESSES }, () => start(t, direct, env)))

  const sealed = await Promise.all(children.map((child) => told<{ sealed: string }>(child, {})))
  const opened = await Promise.all(
    children.map((child, n) => told(child, { open: sealed[(n + 1) % PROCESSES]!.sealed })),
  )

  assert.deepEqual(opened, Array(PROCESSES).fill({ opened: 'opened' }))
  assert.equal(new Set(sealed.map((one) => one.sealed.slice(2, 18))).size, 1)
  assert.equal((await store.edgeKeys.known()).length, 3)
})
