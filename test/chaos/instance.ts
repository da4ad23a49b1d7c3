import { createServer } from 'node:http'
import { createCluster } from '../../src/index.ts'
import { commitEffect } from './effect.ts'

/**
 * A function's instance in a process of its own: `POST` records, answers, and works in passes after the answer; `GET /work` is what a
 * clock calls. Prints its port.
 */
const cluster = createCluster()
cluster.on('*', { name: 'effects' }, commitEffect)

const server = createServer(async (req, res) => {
  if (req.method === 'GET')
    return void res.end(JSON.stringify(await cluster.workFor({ ms: 5_000, max: 100 }).catch(() => null)))
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const headers = { 'stripe-signature': String(req.headers['stripe-signature']) }
  const request = new Request('http://function/', { method: 'POST', headers, body: Buffer.concat(chunks) })
  const answer = await cluster.fetch(request, { waitUntil: () => {} })
  res.writeHead(answer.status).end(await answer.text())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : address)
})
