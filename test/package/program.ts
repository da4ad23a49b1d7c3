import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import Stripe from 'stripe'

export interface Program {
  /** Resolves when what was printed so far fits; fails when the program ends first. */
  printed(pattern: RegExp): Promise<void>
  output(): string
  /** Resolves to the exit code. */
  ended(): Promise<number | null>
  /** SIGTERM, then as `ended`. */
  stop(): Promise<number | null>
}

/** Runs a file on Node with its output gathered. Nothing of the machine's own configuration reaches it. */
export function start(
  words: readonly string[],
  options: { cwd: string; env: Record<string, string>; node?: string },
): Program {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.env }
  const child = spawn(options.node ?? process.execPath, [...words], { cwd: options.cwd, env })
  const closed = once(child, 'close')
  let output = ''
  const gather = (chunk: Buffer) => {
    output += chunk
    child.emit('printed')
  }
  child.stdout.on('data', gather)
  child.stderr.on('data', gather)
  const ended = async () => {
    await closed
    return child.exitCode
  }
  return {
    output: () => output,
    ended,
    async printed(pattern) {
      while (!pattern.test(output)) {
        const next = await Promise.race([once(child, 'printed'), closed.then(() => 'closed')])
        if (next === 'closed') throw new Error(`The program ended before it printed ${pattern}:\n${output}`)
      }
    },
    stop() {
      child.kill('SIGTERM')
      return ended()
    },
  }
}

/** Posts an event as Stripe does: pretty-printed, signed now. */
export async function deliver(
  url: string,
  { event, secret }: { event: object; secret: string },
): Promise<{ status: number; text: string }> {
  const payload = JSON.stringify(event, null, 2)
  const signature = new Stripe('sk_test_unused').webhooks.generateTestHeaderString({ payload, secret })
  const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature }
  const response = await fetch(url, { method: 'POST', body: payload, headers })
  return { status: response.status, text: await response.text() }
}

const DONE_MS = 10_000
const LOOK_MS = 20

/** Asks the program's API until the event is done. `announced`: the folder in which `up` left its token. */
export async function done(api: string, id: string, announced?: string): Promise<void> {
  const headers = announced === undefined ? {} : { authorization: `Bearer ${await tokenIn(announced)}` }
  for (const until = Date.now() + DONE_MS; Date.now() < until; await pause(LOOK_MS)) {
    const response = await fetch(`${api}/api/v1/events/${id}`, { headers })
    const { state } = (await response.json()) as { state?: string }
    if (state === 'done') return
  }
  throw new Error(`${id} was not done within ${DONE_MS / 1000} s`)
}

async function tokenIn(folder: string): Promise<string> {
  return JSON.parse(await readFile(join(folder, '.hookkeeper', 'hookkeeper.db.run.json'), 'utf8')).token
}

export const invoicePaid = (id: string) => ({
  id,
  object: 'event',
  api_version: '2026-10-28.endive',
  created: Math.floor(Date.now() / 1000),
  data: { object: { id: `in_${id}`, object: 'invoice', customer: 'cus_1', amount_paid: 4900, currency: 'eur' } },
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type: 'invoice.paid',
})
