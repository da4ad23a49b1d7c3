import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** Hears what a handler in another process tells, and answers when the test lets it. */
export interface Witness {
  readonly url: string
  /** What was told, in order: `/<event>/<attempt>/<what>`. */
  readonly told: readonly string[]
  /** Resolves when that was told. */
  heard(path: string): Promise<void>
  /** Such a thing gets no answer until `release`. */
  hold(path: string): void
  release(path: string): void
}

const HEARD_MS = 60_000

export async function witness(t: TestContext): Promise<Witness> {
  const told: string[] = []
  const held = new Map<string, PromiseWithResolvers<void>>()
  const waiting = new Set<() => void>()
  const server = createServer(async (req, res) => {
    const path = req.url ?? ''
    told.push(path)
    for (const look of waiting) look()
    await held.get(path)?.promise
    res.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    heard(path) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const late = setTimeout(
        () => reject(new Error(`${path} was not told; there was ${told.join(' ')}`)),
        HEARD_MS,
      ).unref()
      const look = () => told.includes(path) && resolve()
      waiting.add(look)
      look()
      return promise.finally(() => {
        clearTimeout(late)
        waiting.delete(look)
      })
    },
    hold: (path) => void held.set(path, Promise.withResolvers()),
    release: (path) => held.get(path)?.resolve(),
  }
}
