import type { Command } from 'commander'
import { matches } from '../core/event.ts'
import { type Common, type Context, command, configOf } from './context.ts'
import { reach } from './reach.ts'
import { painter, paintWord, short, tame, timeOfDay } from './terminal.ts'

/** Prints a line for each change of an event, until Ctrl-C. */
export const tail = (context: Context): Command =>
  command('tail', 'Follow what happens to events, from now on')
    .option('--type <pattern>', 'only these: a type, or a family such as invoice.*')
    .action(async (options: Common & { type?: string }) => {
      const api = await reach(await configOf(options, context), context)
      const ended = context.interrupted()
      try {
        await follow(await api.stream('/api/v1/tail', ended), options, context)
      } catch (error) {
        if (!ended.aborted) throw error
      } finally {
        await api.close()
      }
    })

interface Change {
  readonly id: string
  readonly type: string
  readonly at: string
  readonly kind: string
  readonly reason: string | null
}

async function follow(stream: ReadableStream<Uint8Array>, options: Common & { type?: string }, { out }: Context) {
  const paint = painter(out.colour)
  for await (const data of sentEvents(stream)) {
    const { id, type, at, kind, reason } = JSON.parse(data) as Change
    if (options.type && !matches(options.type, type)) continue
    const detail = reason && reason !== 'worked' ? `  ${tame(reason)}` : ''
    out.write(
      options.json
        ? `${data}\n`
        : `${timeOfDay(Date.parse(at))} ${paintWord(paint, kind, kind.padEnd(10))} ${tame(type)}  ${tame(short(id, 32))}${detail}\n`,
    )
  }
}

/** The data of each server-sent event. */
async function* sentEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '))
      if (data) yield data.slice('data: '.length)
    }
  }
}
