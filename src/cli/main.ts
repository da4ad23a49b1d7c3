import { Command, CommanderError } from 'commander'
import { version } from '../cluster/version.ts'
import { environment } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import type { Context, ExitCode, Verb } from './context.ts'
import { exitCodeOf, explain } from './refusal.ts'
import { screen } from './terminal.ts'

export type Verbs = Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Verb> }>>

// Each verb is loaded only when it is the one that was asked for: `up` has no use for the demo's memory.
const VERBS: Verbs = {
  init: {
    about: 'Write a config file and a first handler into this project',
    load: async () => (await import('./init.ts')).init,
  },
  up: { about: 'Take webhooks and work them', load: async () => (await import('./up.ts')).up },
  demo: { about: 'See it all at work, with a simulated Stripe', load: async () => (await import('./demo.ts')).demo },
  check: {
    about: 'Say whether it would start, and what could go wrong',
    load: async () => (await import('./check.ts')).check,
  },
  events: {
    about: 'List events, or show one with its attempts',
    load: async () => (await import('./events.ts')).events,
  },
  tail: { about: 'Follow what happens to events', load: async () => (await import('./tail.ts')).tail },
  do: { about: 'Replay, discard, pause, resume, quarantine, reroute', load: async () => (await import('./do.ts')).act },
  rehearse: {
    about: 'Run the present handlers over recorded events, in vain, and say what differs',
    load: async () => (await import('./rehearse.ts')).rehearse,
  },
  trigger: { about: 'Post one signed event of a type', load: async () => (await import('./trigger.ts')).trigger },
  simulate: {
    about: 'Deliver events of an invented merchant',
    load: async () => (await import('./simulate.ts')).simulate,
  },
  backup: { about: 'Write a consistent copy of the ledger', load: async () => (await import('./backup.ts')).backup },
  migrate: {
    about: 'Bring the ledger up to date, or print tables for your own database',
    load: async () => (await import('./migrate.ts')).migrate,
  },
}

/** Runs one command line. Resolves to the exit code; nothing that it was asked for runs on after that. */
export async function main(
  argv: readonly string[],
  { context = realContext(), verbs = VERBS }: { context?: Omit<Context, 'exit'>; verbs?: Verbs } = {},
): Promise<ExitCode> {
  let code: ExitCode = 0
  const world: Context = { ...context, exit: (given) => (code = given) }
  try {
    await (await program(argv, { verbs, context: world })).parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    world.err.write(explain(error, { json: argv.includes('--json') }))
    return exitCodeOf(error)
  }
  return code
}

async function program(
  argv: readonly string[],
  { verbs, context }: { verbs: Verbs; context: Context },
): Promise<Command> {
  const root = new Command('hookkeeper')
    .description('Takes Stripe webhooks, loses none, works each one once in effect and in order.')
    .version(version())
    .enablePositionalOptions()
    .showHelpAfterError('(`--help` lists what there is)')
  const asked = argv.find((word) => !word.startsWith('-'))
  const named = asked === 'help' ? argv[argv.indexOf('help') + 1] : asked
  for (const [name, { about, load }] of Object.entries(verbs)) {
    root.addCommand(name === named ? (await load())(context) : new Command(name).description(about))
  }
  return written(root, context)
}

/** Commander writes and ends where we say, in every command below too. */
function written(command: Command, context: Context): Command {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.out.write(text),
    writeErr: (text) => context.err.write(text),
    getOutHelpWidth: () => context.out.size().columns,
    getErrHelpWidth: () => context.err.size().columns,
  })
  for (const below of command.commands) written(below, context)
  return command
}

function realContext(): Omit<Context, 'exit'> {
  const env = environment()
  muteTypeless()
  const interrupt = new AbortController()
  const abort = () => interrupt.abort()
  // A reader that goes away (`| head`) is the end of the output, not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    abort()
  })
  return {
    cwd: process.cwd(),
    env,
    out: screen(process.stdout, env),
    err: screen(process.stderr, env),
    clock: systemClock,
    interrupted() {
      process.off('SIGINT', abort).once('SIGINT', abort)
      return interrupt.signal
    },
    confirm: process.stdin.isTTY && process.stderr.isTTY ? confirm : null,
  }
}

async function confirm(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } catch {
    return false // Ctrl-C and Ctrl-D are no yes
  } finally {
    terminal.close()
  }
}

/**
 * A config file may be `.ts` in a package that does not say what its modules are. Node reads it rightly, at the second go, and
 * warns of the milliseconds; whoever types a verb can do nothing with that.
 */
function muteTypeless(): void {
  const listeners = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if ('code' in warning && warning.code === 'MODULE_TYPELESS_PACKAGE_JSON') return
    for (const listener of listeners) listener(warning)
  })
}
