import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configure, effective } from '../../src/config.ts'

test('a setting that code leaves undefined, or a part of one, is what the environment says', () => {
  const env = { DATABASE_URL: 'postgres://u@h/d', CONSOLE_PORT: '5555', HOOKKEEPER_API_TOKEN: 'a-token-of-sixteen' }

  const all = configure({ databaseUrl: undefined, console: undefined }, { env })
  const part = configure({ console: { host: '127.0.0.2', port: undefined } }, { env })

  assert.deepEqual(
    [all.databaseUrl, all.console.port, all.console.token],
    [env.DATABASE_URL, 5555, 'a-token-of-sixteen'],
  )
  assert.deepEqual([part.console.host, part.console.port], ['127.0.0.2', 5555])
  assert.equal(effective(all).find(({ setting }) => setting === 'databaseUrl')?.from, 'DATABASE_URL')
})
