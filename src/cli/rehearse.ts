import { resolve } from 'node:path'
import type { Command } from 'commander'
import { failure } from '../core/errors.ts'
import { type Common, type Context, collect, command, configOf, settingOption } from './context.ts'
import { milliseconds, natural } from './numbers.ts'
import type { Account } from './rehearse/account.ts'
import { columns, painter, tame } from './terminal.ts'

const LIMIT = 10_000
const LIMIT_MAX = 100_000

/** Ends with 1 where an event that went well before would not any more. */
export const rehearse = (context: Context): Command =>
  command('rehearse', 'Run the present handlers over recorded events, in vain, and say what would end otherwise')
    .option('--last <duration>', 'events received since then', milliseconds, 7 * 86_400_000)
    .option('--type <type>', 'only these, such as invoice.paid or invoice.*')
    .option('--limit <n>', `the newest so many, at most ${LIMIT_MAX}`, natural, LIMIT)
    .option('--allow <host:port>', 'may really be reached, so let it be a test system; repeatable', collect)
    .option('--allow-addons', 'load native addons, which nothing keeps from reaching anything')
    .option('--dir <folder>', 'where the copy of the ledger is made; default: beside the ledger')
    .addOption(settingOption('handlers'))
    .action(async (options: Options) => {
      const account = await perform(checked(options), context)
      context.out.write(options.json ? `${JSON.stringify(account)}\n` : told(account, options, context))
      if (account.counts.regression > 0 || account.interrupted) context.exit(1)
    })

interface Options extends Common {
  readonly last: number
  readonly type?: string
  readonly limit: number
  readonly allow?: readonly string[]
  readonly allowAddons?: boolean
  readonly dir?: string
}

function checked(options: Options): Options {
  const { allow = [], limit } = options
  const wrong = allow.find((one) => !/^(\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(one))
  if (wrong !== undefined) throw failure('flag_invalid', { what: `--allow ${wrong} is not host:port` })
  if (limit < 1 || limit > LIMIT_MAX)
    throw failure('flag_invalid', { what: `--limit ${limit} is not between 1 and ${LIMIT_MAX}` })
  return options
}

async function perform(options: Options, context: Context): Promise<Account> {
  const { clock, cwd, env, err } = context
  const [{ copyOf }, { play }, { accountOf }] = await Promise.all([
    import('./rehearse/copy.ts'),
    import('./rehearse/play.ts'),
    import('./rehearse/account.ts'),
  ])
  const signal = context.interrupted()
  const copy = await copyOf(await configOf(options, context), options.dir ? resolve(cwd, options.dir) : null, context)
  try {
    const { last, type, limit, allow = [] } = options
    const query = { since: clock.now() - last, ...(type !== undefined && { type }) }
    const wish = { options, cwd, copy: copy.path, folder: copy.folder, allow, query, limit }
    const progress = (ended: number) => {
      if (err.tty && ended % 100 === 0) err.write(`\r${ended} events`)
    }
    const played = await play(wish, { env, addons: options.allowAddons ?? false, signal, progress })
    if (err.tty) err.write('\r\x1b[K')
    return accountOf(played)
  } finally {
    copy.remove()
  }
}

function told(account: Account, { allow = [] }: Options, { out }: Context): string {
  const { release, events, counts, types, more, gone, crashes, interrupted } = account
  const paint = painter(out.colour)
  const { regression, mend, same, unknown } = counts
  const head = `${events} events with the handlers of ${tame(release)}: ${counted(regression, 'regression')}, ${counted(mend, 'mend')}, ${same} the same, ${unknown} unknown`
  const parts = [
    paint(head, regression > 0 ? 'red' : 'green'),
    interrupted ? 'It was interrupted: the rest is not known.' : '',
    more ? 'There are older ones in that time: --limit takes more of them.' : '',
    gone > 0 ? `${gone} more are past the retention of their bodies.` : '',
    crashes > 0 ? `The handlers ended their process ${crashes} times.` : '',
    events > 0 ? columns([['type', 'same', 'regressions', 'mends', 'unknown'], ...rows(types)]) : '',
    list('regressions', account.regressions.map(line)),
    list('unknown, because they would have reached', reasons(account.unknown, allow)),
  ]
  return `${parts.filter((part) => part !== '').join('\n')}\n`
}

const rows = (types: Account['types']): string[][] =>
  Object.entries(types).map(([type, { same, regression, mend, unknown }]) => [
    tame(type),
    ...[same, regression, mend, unknown].map(String),
  ])

function line({ type, outcome, error, count, id }: Account['regressions'][number]): string[] {
  const said = error ? [error.handler, error.message].filter(Boolean).join(': ') : outcome
  return [`  ${count}`, tame(type), tame(said), `such as ${tame(id)}`]
}

const reasons = (unknown: Account['unknown'], allow: readonly string[]): string[][] =>
  Object.entries(unknown).map(([what, count]) => {
    const address = /^\S+:\d+$/.test(what) && !allow.includes(what)
    return [`  ${count}`, tame(what), address ? `(--allow ${tame(what)})` : '']
  })

const list = (title: string, entries: readonly string[][]): string =>
  entries.length === 0 ? '' : `\n${title}\n${columns(entries)}`

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
