import { readable } from '../log.ts'
import { painter, type Screen, spoken } from '../terminal.ts'
import { TICKS_PER_SECOND } from './feed.ts'
import type { Happened, Snapshot } from './view.ts'

/** Where there is no terminal: a line a second, and one for each outcome that is not plain success. */
export function plainly({ out, json }: { out: Screen; json: boolean }) {
  let ticks = 0
  return {
    heard(happened: Happened): void {
      if (happened.outcome === 'done') return
      const { at, why, ...fields } = happened
      out.write(
        json
          ? `${JSON.stringify(happened)}\n`
          : `${readable({ at, level: 'info', fields, message: why }, painter(out.colour))}\n`,
      )
    },
    draw(snapshot: Snapshot): void {
      if (ticks++ === 0) out.write(json ? '' : `${first(snapshot)}\n`)
      if (ticks % TICKS_PER_SECOND === 0)
        out.write(json ? `${JSON.stringify(figures(snapshot))}\n` : `${line(snapshot)}\n`)
    },
    close(): void {},
  }
}

const first = ({ topology, public: hook, private: api, note }: Snapshot): string =>
  [topology, `webhooks ${hook}`, `private ${api}`, note].filter((part) => part !== '').join('  ')

function line({ elapsedMs, received, broker, counts, backlog }: Snapshot): string {
  const { done, repeat, retry, dead, refused } = counts
  return [
    `after ${spoken(elapsedMs)}:`,
    `received ${received.total} (${Math.round(received.perSecond)}/s)`,
    ...(broker ? [`${broker.name.split(':')[0]} ${broker.waiting ?? 'away'}`] : []),
    ...(broker?.spooled ? [`spool ${broker.spooled}`] : []),
    `done ${done}`,
    `repeat ${repeat}`,
    `retry ${retry}`,
    `dead ${dead}`,
    `refused ${refused}`,
    ...(backlog ? [`ready ${backlog.ready}`, `scheduled ${backlog.scheduled}`] : ['ledger away']),
  ].join('  ')
}

const figures = ({ elapsedMs, received, broker, counts, backlog }: Snapshot) => ({
  elapsedMs,
  received: received.total,
  perSecond: received.perSecond,
  ...counts,
  broker,
  backlog,
})
