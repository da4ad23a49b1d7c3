import { userInfo } from 'node:os'
import { Command, Option } from 'commander'
import { z } from 'zod'
import type { Action, Preview } from '../actions/action.ts'
import { durationMs, instantMs } from '../actions/duration.ts'
import { actions } from '../actions/list.ts'
import type { Performed } from '../actions/perform.ts'
import { spelled } from '../stripe/money.ts'
import { type Common, type Context, collect, command, configOf } from './context.ts'
import { kebab } from './filters.ts'
import { type Reach, reach } from './reach.ts'
import { columns, tame } from './terminal.ts'

/** `do <action>`: one command per action, its flags made from the action's own input. */
export function act(context: Context): Command {
  const all = new Command('do').description('Do something with events or the stream')
  for (const action of actions) all.addCommand(one(action, context))
  return all
}

function one(action: Action, context: Context): Command {
  const inputs = inputsOf(action)
  const verb = command(action.name, action.about)
    .option('--preview', 'say what would happen, and change nothing')
    .option('--why <text>', 'kept in the journal and with each event')
    .option('--by <name>', 'who wants it; default: you')
  if (action.asks.length > 0) verb.option('--yes', 'do not ask first, at a terminal either')
  if (inputs.some(({ name }) => name === 'ids')) verb.argument('[ids...]', 'ids of events')
  for (const input of inputs) verb.addOption(optionOf(input))
  return verb.action(async (...called: unknown[]) => {
    const [ids, options] = (inputs.some(({ name }) => name === 'ids') ? called : [[], ...called]) as [string[], Common]
    const api = await reach(await configOf(options, context), context)
    try {
      await perform(
        action,
        { ...valuesOf(inputs, options, context), ...(ids.length > 0 && { ids }) },
        options,
        api,
        context,
      )
    } finally {
      await api.close()
    }
  })
}

async function perform(action: Action, input: object, options: Common, api: Reach, context: Context) {
  const { out, err, exit } = context
  if (!(await agreed(action, input, options, api, context))) return err.write('Nothing was changed.\n')
  const order = { by: options['by'] ?? `cli:${userInfo().username}`, why: options['why'] ?? '' }
  const query = options['preview'] ? { preview: true } : {}
  const done = await api.post<Performed>(`/api/v1/actions/${action.name}`, { ...input, ...order }, query)
  out.write(options.json ? `${JSON.stringify(done)}\n` : told(done))
  if (done.verified === false) exit(1)
}

/** What reaches far is shown first, and asked for, where somebody is there to answer. */
async function agreed(action: Action, input: object, options: Common, api: Reach, { out, confirm }: Context) {
  const asks = action.asks.some((name) => name in input) && !options['preview'] && !options['yes'] && !options.json
  if (!asks || !confirm) return true
  const { preview } = await api.post<Performed>(`/api/v1/actions/${action.name}`, input, { preview: true })
  if (!preview) return true
  out.write(`${described(preview)}\n`)
  return preview.rows > 0 && (await confirm('Go on?'))
}

function told({ preview, receipt, verified, journal }: Performed): string {
  if (receipt) {
    const doubt = verified ? '' : ' Its effect was not seen afterwards: look again.'
    return `${tame(receipt.what)}. Journal ${journal}.${doubt}\n`
  }
  return preview ? `Preview: ${described(preview)}\nNothing was changed.\n` : ''
}

function described(preview: Preview): string {
  const types = Object.entries(preview.types).sort(([, a], [, b]) => b - a)
  const parts = [
    `${tame(preview.what)}${preview.customers > 0 ? `, of ${preview.customers} customers` : ''}${worth(preview)}.`,
    preview.skipped > 0 ? `${preview.skipped} of those named are in another state and stay as they are.` : '',
    columns(types.map(([type, count]) => [`  ${count}`, tame(type)])),
    preview.ids.length > 0 ? `such as ${preview.ids.map(tame).join(' ')}` : '',
    ...leftOut(preview),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

/** `, about EUR 1,200.00 and JPY 5,000, unknown for 3` */
function worth({ repair }: Preview): string {
  if (!repair) return ''
  const sums = Object.entries(repair.money).map(([currency, minor]) => spelled({ currency, minor }))
  const unknown = repair.gone > 0 ? `, unknown for ${repair.gone}` : ''
  return `${sums.length > 0 ? `, about ${sums.join(' and ')}` : ''}${unknown}`
}

function leftOut({ repair }: Preview): string[] {
  if (!repair) return []
  const { superseded, gone } = repair
  return [
    superseded > 0 ? `${superseded} stay as they are: newer events of their objects were worked since.` : '',
    gone > 0 ? `${gone} cannot be worked again: their bodies are past retention.` : '',
  ]
}

interface Input {
  readonly name: string
  readonly kind: 'text' | 'list' | 'switch' | 'choice' | 'number'
  readonly about: string
}

/** The inputs of an action, read off its schema. */
function inputsOf({ input }: Action): Input[] {
  const { properties = {} } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).map(([name, property]) => {
    const { type, description = '', default: fallback, enum: values } = property as z.core.JSONSchema.BaseSchema
    const about = [description, values?.join(', ')].filter(Boolean).join(': ')
    return { name, about, kind: kindOf(type, fallback) }
  })
}

function kindOf(type: unknown, fallback: unknown): Input['kind'] {
  if (type === 'array') return 'list'
  if (type === 'boolean') return fallback === false ? 'switch' : 'choice'
  return type === 'integer' || type === 'number' ? 'number' : 'text'
}

function optionOf({ name, kind, about }: Input): Option {
  const flag = `--${kebab(name)}`
  if (kind === 'switch') return new Option(flag, about)
  if (kind === 'list') return new Option(`${flag} <value>`, `${about}${about ? '; ' : ''}repeatable`).argParser(collect)
  return new Option(`${flag} <${kind === 'choice' ? 'true|false' : 'value'}>`, about)
}

function valuesOf(inputs: readonly Input[], options: Common, { clock }: Context): Record<string, unknown> {
  const given = inputs.filter(({ name }) => options[name] !== undefined)
  return Object.fromEntries(given.map(({ name, kind }) => [name, read(name, kind, options[name], clock.now())]))
}

/** What the schema cannot read from text. What fits nothing goes on as it is: the action says what is wrong with it. */
function read(name: string, kind: Input['kind'], written: unknown, now: number): unknown {
  if (typeof written !== 'string') return written
  if (kind === 'number' && /^\d+$/.test(written)) return Number(written)
  if (kind === 'choice') return written === 'true' ? true : written === 'false' ? false : written
  if ((name === 'since' || name === 'until') && instantMs(written) === null) {
    const ago = durationMs(written)
    return ago === null ? written : now - ago
  }
  return written
}
