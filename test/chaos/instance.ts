import { createServer, type ServerResponse } from 'node:http'
import { createCluster } from '../../src/index.ts'
import { commitEffect } from './effect.ts'

/**
 * A function's instance in a process of its own: `POST` records, answers, and works in passes after the answer; `GET /work`
 * waits for those and makes one more, as a clock asks for. Prints its port.
 */
const cluster = createCluster()
cluster.on('*', { name: 'effects' }, commitEffect)

/** What goes on after answers. */
const passes: Promise<unknown>[] = []

async function work(res: ServerResponse): Promise<void> {
  try {
    await Promise.all(passes)
    res.end(JSON.stringify(await cluster.workFor({ ms: 5_000, max: 100 })))
  } catch (error) {
    res.writeHead(500).end(String(error))
  }
}

const server = createServer(async (req, res) => {
  if (req.method === 'GET') return work(res)
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const headers = { 'stripe-signature': String(req.headers['stripe-signature']) }
  const request = new Request('http://function/', { method: 'POST', headers, body: Buffer.concat(chunks) })
  const answer = await cluster.fetch(request, { waitUntil: (pass) => void passes.push(pass) })
  res.writeHead(answer.status).end(await answer.text())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : address)
})
