import { type Happened, render, type Snapshot } from '../../src/cli/demo/view.ts'
import { spoken } from '../../src/cli/terminal.ts'
import { terminalPicture } from './terminal-picture.ts'

export const DEMO_PICTURE = 'docs/demo.svg'

const FRAME = { columns: 100, rows: 27, colour: true }
/** Local time: the view shows times of the day, and the picture is the same in every zone. */
const AT = new Date(2026, 0, 31, 12, 4, 31).getTime()

/** The picture of `npm run demo` for the README: what the view draws of one moment, in the colours of a terminal. */
export const demoPicture = (): string =>
  terminalPicture(render(MOMENT, FRAME), {
    ...FRAME,
    title: 'npm run demo',
    about: `The demo's terminal after ${spoken(MOMENT.elapsedMs)}: 40 deliveries a second, a line for each event that was done, tried again, or became a dead letter.`,
  })

const happened = (
  [secondsAgo, outcome, type, id]: readonly [number, string, string, string],
  [attempt = 1, delayMs = null, why = '']: readonly [number?, (number | null)?, string?] = [],
): Happened => ({
  at: AT - secondsAgo * 1000,
  outcome,
  type,
  id: `evt_11${id.padStart(20, 'x')}`,
  object: null,
  attempt,
  delayMs,
  why,
})

const dead = [
  happened([20, 'dead', 'invoice.payment_failed', 'EEUKw'], [1, null, 'refused with Dead at handlers.ts:24']),
  happened([30, 'dead', 'payment_intent.succeeded', 'hCGt5'], [4, null, 'crm could not be reached']),
]

/** A moment as in `npm run demo -- --seed 7`. */
const MOMENT: Snapshot = {
  elapsedMs: 74_000,
  topology: '',
  note: 'seed 7',
  broker: null,
  waiting: [],
  public: 'http://127.0.0.1:4242/webhooks/stripe',
  private: 'http://127.0.0.1:4243',
  received: { total: 2993, perSecond: 40, history: wave(40, 9) },
  done: { total: 2795, perSecond: 36, history: wave(36, 11) },
  counts: { done: 2795, repeat: 135, retry: 90, dead: 2, refused: 57 },
  backlog: { ready: 3, scheduled: 4, held: 0, running: 2, dead: 2, readyOldestMs: 11 },
  last: [
    happened([0, 'done', 'checkout.session.completed', 'LQHFd']),
    happened([0, 'done', 'customer.subscription.created', 'OMe4v']),
    happened([0, 'retry', 'invoice.updated', 'IWKVu'], [1, 1200, 'billing answered 503']),
    happened([0, 'done', 'payment_intent.succeeded', 'K0wcU']),
    happened([0, 'done', 'invoice.paid', 'RzPR6']),
    happened([1, 'done', 'charge.succeeded', 'kC6Hz']),
    happened([1, 'done', 'customer.subscription.updated', 'Xa4S2'], [2]),
    happened([1, 'done', 'invoice.finalized', 'URY1Y']),
  ],
  dead,
}

function wave(mean: number, swing: number): number[] {
  return Array.from({ length: 64 }, (_, n) => mean + swing * Math.sin(n / 5) + (swing / 2) * Math.sin(n / 1.7 + swing))
}
