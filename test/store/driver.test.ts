import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { openPool, sqlOver } from '../../src/store/postgres/driver.ts'

test('a connection that the server ends with the packet that opens it fails its statement, and the process goes on', async (t) => {
  const sql = sqlOver(await openPool({ url: await fleeting(t), connectionsMax: 1, name: 'test' }))

  await assert.rejects(sql.rows('select 1'), { code: 'store_failed' })

  await sql.close()
})

/** A Postgres that greets whoever comes and ends him in the same breath. */
async function fleeting(t: TestContext): Promise<string> {
  const greeting = [
    message('R', Buffer.alloc(4)),
    message('K', Buffer.alloc(8, 1)),
    message('Z', Buffer.from('I')),
    message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0')),
  ]
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.concat(greeting)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `postgres://one@127.0.0.1:${(server.address() as AddressInfo).port}/none`
}

/** As the protocol frames it: a letter, then the length without it. */
function message(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(letter)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
