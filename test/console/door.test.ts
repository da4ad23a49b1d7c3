import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { refusal } from '../../src/console/door.ts'

// Tests listen on loopback only, so that what holds off it is asked of the door itself.
const offLoopback = { token: 'secret', hosts: ['keeper.internal'], loopback: false }

const codeFor = (headers: IncomingHttpHeaders, url = '/metrics') =>
  refusal({ method: 'GET', url, headers } as IncomingMessage, offLoopback)?.code ?? null

test('off loopback any address will do as a host, a foreign name will not, and the token is asked for all the same', () => {
  const authorization = 'Bearer secret'

  for (const host of ['10.0.0.7:4243', '[2001:db8::1]:4243', 'keeper.internal', 'localhost:4243']) {
    assert.equal(codeFor({ host, authorization }), null, host)
    assert.equal(codeFor({ host }), 'unauthorized', host)
    assert.equal(codeFor({ host }, '/readyz'), null, host)
  }
  for (const host of ['evil.example', '10.0.0.7.evil.example', '10.0.0', '999.0.0.1', '[evil]'])
    assert.equal(codeFor({ host, authorization }), 'host_refused', host)
})
