import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import Stripe from 'stripe'

export interface Program {
  /** Resolves when what was printed so far fits; fails when the program ends first. */
  printed(pattern: RegExp): Promise<void>
  output(): string
  /** Resolves to the exit code. */
  stop(): Promise<number | null>
}

/** Runs a file on Node with its output gathered. */
export function start(
  words: readonly string[],
  options: { cwd: string; env: Record<string, string>; node?: string },
): Program {
  const child = spawn(options.node ?? process.execPath, [...words], {
    cwd: options.cwd,
    env: { ...clean(), ...options.env },
  })
  let output = ''
  const gather = (chunk: Buffer) => {
    output += chunk
    child.emit('printed')
  }
  child.stdout.on('data', gather)
  child.stderr.on('data', gather)
  return {
    output: () => output,
    async printed(pattern) {
      while (!pattern.test(output)) {
        if (over(child)) throw new Error(`The program ended before it printed ${pattern}:\n${output}`)
        await Promise.race([once(child, 'printed'), once(child, 'close')])
      }
    },
    async stop() {
      const closed = over(child) ? null : once(child, 'close')
      child.kill('SIGTERM')
      await closed
      return child.exitCode
    },
  }
}

const over = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

// Nothing of the machine's own configuration reaches the program.
const clean = () => ({ PATH: process.env['PATH'], HOME: process.env['HOME'] })

/** Posts an event as Stripe does: pretty-printed, signed now. */
export async function deliver(url: string, { event, secret }: { event: object; secret: string }): Promise<Response> {
  const payload = JSON.stringify(event, null, 2)
  const signature = new Stripe('sk_test_unused').webhooks.generateTestHeaderString({ payload, secret })
  return fetch(url, { method: 'POST', body: payload, headers: { 'stripe-signature': signature } })
}

export const invoicePaid = (id: string) => ({
  id,
  object: 'event',
  api_version: '2026-01-28',
  created: Math.floor(Date.now() / 1000),
  data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1', amount_paid: 4900, currency: 'eur' } },
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type: 'invoice.paid',
})
