import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../src/cli/log.ts'
import type { Screen } from '../../src/cli/terminal.ts'
import { VirtualClock } from '../../src/core/clock.ts'

process.env.TZ = 'UTC'

function written(tty: boolean, colour = false) {
  const lines: string[] = []
  const screen: Screen = {
    write: (text) => lines.push(text),
    tty,
    colour,
    size: () => ({ columns: 80, rows: 24 }),
    onResize: () => () => {},
  }
  return { lines, screen, clock: new VirtualClock(Date.UTC(2026, 0, 31, 12, 4, 31)) }
}

const retry = {
  outcome: 'retry',
  type: 'invoice.paid',
  id: 'evt_1QxAbCdEfGhIjKlMn',
  object: 'in_9fAbCdEfGhIjKlMn',
  attempt: 2,
  delayMs: 41_000,
  reason: 'failed',
  code: 'destination_failed',
  handler: 'billing',
}

test('on a terminal an outcome is one readable line', () => {
  const { lines, ...to } = written(true)

  createLog({ level: 'info', format: 'auto', ...to }).info(retry, 'billing answered 503.')

  assert.deepEqual(lines, [
    '12:04:31 retry  invoice.paid  evt_1QxA…hIjKlMn in_9fAbC…hIjKlMn  attempt 2  in 41 s  billing answered 503.\n',
  ])
})

test('anything else is its sentence and its fields, warnings by their name', () => {
  const { lines, ...to } = written(true)
  const log = createLog({ level: 'info', format: 'text', ...to })

  log.info({ signal: 'SIGTERM', left: null }, 'stopping')
  log.warn({ code: 'disk_reserve', at: { free: 3 } }, 'the disk is nearly full')
  log.debug({}, 'not shown')

  assert.deepEqual(lines, [
    '12:04:31 info   stopping  signal SIGTERM\n',
    '12:04:31 warn   the disk is nearly full  code disk_reserve  at {"free":3}\n',
  ])
})

test('where there is no terminal a line is one JSON object', () => {
  const { lines, ...to } = written(false)

  createLog({ level: 'info', format: 'auto', ...to }).info(retry, 'billing answered 503.')

  assert.equal(lines.length, 1)
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    level: 'info',
    time: '2026-01-31T12:04:31.000Z',
    ...retry,
    msg: 'billing answered 503.',
  })
})

test('JSON can be asked for on a terminal, and text without one', () => {
  const [one, other] = [written(true), written(false)]

  createLog({ level: 'info', format: 'json', ...one }).info({}, 'hello')
  createLog({ level: 'info', format: 'text', ...other }).info({}, 'hello')

  assert.match(one.lines[0] ?? '', /^\{.*"msg":"hello"\}\n$/)
  assert.equal(other.lines[0], '12:04:31 info   hello\n')
})

test('a line stays a line, whatever is in it', () => {
  const { lines, ...to } = written(true, true)

  createLog({ level: 'info', format: 'text', ...to }).info({ path: 'a\nb\u001b[2J' }, 'one\r\ntwo')

  assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1)
  assert.match(lines[0] ?? '', /one\\x0d\\x0atwo {2}path a\\x0ab\\x1b\[2J/)
})
