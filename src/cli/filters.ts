import { type Command, Option } from 'commander'
import { durationMs } from '../actions/duration.ts'
import type { filters } from '../actions/selection.ts'
import type { Clock } from '../core/clock.ts'

const ABOUT: Readonly<Record<keyof typeof filters.shape, string>> = {
  type: 'such as invoice.paid',
  state: 'waiting, running, done or dead',
  reason: 'why it is done or dead',
  held: 'true or false',
  customer: 'cus_...',
  object: 'the id of the object that the event is about',
  lane: 'as events show it',
  account: 'the name of an account in the configuration',
  connected: 'acct_... of a Connect account',
  livemode: 'true or false',
  endpoint: '<account> or <account>/<name>',
  handledBy: 'the release that ran its last attempt',
  superseded: 'true or false: was a newer event of its object, that the other filters leave out, worked since',
  since: 'received since: 2026-01-31T09:30:00Z, or 2h for two hours ago',
  until: 'received until',
}

/** The flags that narrow which events are meant: the same as the API's parameters. */
export function withFilters(command: Command): Command {
  for (const [name, about] of Object.entries(ABOUT)) command.addOption(new Option(`--${kebab(name)} <value>`, about))
  return command
}

/** What of the flags are filters, as the API reads them. */
export function filtersOf(options: Readonly<Record<string, unknown>>, clock: Clock): Record<string, string> {
  const given = Object.keys(ABOUT).filter((name) => typeof options[name] === 'string')
  return Object.fromEntries(given.map((name) => [name, instant(name, options[name] as string, clock)]))
}

/** `--since 2h` counts back from now. */
function instant(name: string, value: string, clock: Clock): string {
  const ago = name === 'since' || name === 'until' ? /^\d+[a-z]+$/.test(value) && durationMs(value) : false
  return typeof ago === 'number' ? new Date(clock.now() - ago).toISOString() : value
}

export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
