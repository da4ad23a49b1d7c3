import type { Command } from 'commander'
import { type Common, type Context, command } from './context.ts'
import { milliseconds, natural, positive } from './numbers.ts'

export interface DemoOptions extends Common {
  readonly for?: number
  readonly rate: number
  readonly seed?: number
  readonly port?: number
  readonly consolePort?: number
}

/** Everything at once, on a ledger that is gone afterwards: a simulated Stripe, ingestion, processing, and handlers that fail now and then. */
export const demo = (context: Context): Command =>
  command('demo', 'See it all at work, with a simulated Stripe and handlers that fail now and then')
    .option('--for <duration>', 'end by itself, such as after 20s; default: Ctrl-C ends it', milliseconds)
    .option('--rate <n>', 'deliveries a second', positive, 40)
    .option('--seed <n>', 'the same number makes the same events', natural)
    .option('--port <port>', 'the public listener; default 4242, or a free one', natural)
    .option('--console-port <port>', 'the private listener; default 4243, or a free one', natural)
    .action(async (options: DemoOptions) => {
      const { perform } = await import('./demo/perform.ts')
      await perform(options, context)
    })
