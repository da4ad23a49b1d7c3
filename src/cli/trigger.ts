import type { Command } from 'commander'
import { runningOn } from '../cluster/running.ts'
import { endpoints } from '../config.ts'
import { failure } from '../core/errors.ts'
import { seeded, systemRandom } from '../core/random.ts'
import { sign } from '../stripe/signature.ts'
import { type Common, type Context, command, configOf } from './context.ts'

const ANSWER_MS = 10_000

interface Options extends Common {
  readonly to?: string
  readonly endpoint?: string
  readonly seed?: string
}

/** Makes one event as Stripe would, signs it as Stripe would, and posts it as Stripe would. */
export const trigger = (context: Context): Command =>
  command('trigger', 'Post one signed event of a type to the local ingestion')
    .argument('<type>', 'such as invoice.paid')
    .option('--to <url>', 'another address than that of the running process')
    .option('--endpoint <name>', 'sign with the secret of this endpoint; default: the first')
    .option('--seed <n>', 'the same number makes the same event')
    .action(async (type: string, options: Options) => {
      const config = await configOf(options, context)
      const running = await runningOn(config)
      const to = options.to ?? `${running?.public ?? `http://127.0.0.1:${config.ingestion.port}`}/webhooks/stripe`
      const { makeEvent } = await import('../simulator/trigger.ts')
      const random = options.seed === undefined ? systemRandom : seeded(Number(options.seed))
      const { id, body } = makeEvent(type, random, context.clock.now())
      const header = sign({
        body,
        secrets: [secretOf(options.endpoint, endpoints(config.accounts))],
        at: context.clock.now(),
      })
      const { status, text } = await post(to, body, header)
      context.out.write(
        options.json ? `${JSON.stringify({ id, type, to, status, answer: text })}\n` : `${id}  ${type}  ${status}\n`,
      )
      if (status !== 200) {
        context.err.write(`hookkeeper: ${text}\n`)
        context.exit(1)
      }
    })

function secretOf(name: string | undefined, all: ReturnType<typeof endpoints>): string {
  const endpoint = name === undefined ? all[0] : all.find((one) => one.endpoint === name)
  if (!endpoint && name !== undefined) throw failure('endpoint_unknown')
  const secret = endpoint?.secrets[0]
  if (!secret) throw failure('secret_missing')
  return secret
}

async function post(to: string, body: Uint8Array, header: string) {
  try {
    const response = await fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': header },
      body: Buffer.from(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    return { status: response.status, text: (await response.text()).trim() }
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
    throw failure('destination_unreachable', { host: new URL(to).host, code: cause?.code ?? (error as Error).name })
  }
}
