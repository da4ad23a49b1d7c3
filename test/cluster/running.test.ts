import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { announce, findRunning, type Running, runFile, withdraw } from '../../src/cluster/running.ts'
import { emptyFolder } from '../folder.ts'

let server: Server
let address: string

before(async () => {
  server = createServer((_request, response) => response.end('{"ok":true}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => void server.close())

const folder = () => emptyFolder('running')

const running = (change: Partial<Running> = {}): Running => ({
  pid: process.pid,
  started: '2026-01-31T12:04:31.000Z',
  version: '0.1.0',
  roles: ['ingestion', 'processing'],
  public: null,
  private: address,
  token: 'secret',
  ...change,
})

test('what is announced is found, and is for its owner only, whatever rights the old file had', async () => {
  const file = runFile(join(folder(), 'hookkeeper.db'))
  assert.match(file, /hookkeeper\.db\.run\.json$/)
  writeFileSync(file, 'rubbish', { mode: 0o666 })

  announce(file, running())

  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(await findRunning(file), running())
})

test('an announcement that a crash left behind counts for nothing', async () => {
  const file = runFile(join(folder(), 'hookkeeper.db'))

  // No process has this id: Linux gives none above 2^22.
  announce(file, running({ pid: 2 ** 22 + 7 }))
  assert.equal(await findRunning(file), null)

  announce(file, running({ private: 'http://127.0.0.1:1' }))
  assert.equal(await findRunning(file), null)

  writeFileSync(file, '{"pid":')
  assert.equal(await findRunning(file), null)
  assert.equal(await findRunning(join(folder(), 'none')), null)
})

test("a process takes back its own announcement and nobody else's, and leaves no other file", () => {
  const where = folder()
  const file = runFile(join(where, 'hookkeeper.db'))
  announce(file, running())

  withdraw(file, process.pid + 1)
  assert.ok(existsSync(file))
  withdraw(file, process.pid)
  assert.deepEqual(readdirSync(where), [])
})
