import type { ChapterJson, EventJson } from '../console/event-json.ts'
import { columns, type Paint, paintWord, spoken, tame } from './terminal.ts'

/** One line of a listing. */
export function rowOf({
  received,
  state,
  reason,
  held,
  type,
  id,
  object,
  customer,
  attempts,
  due,
}: EventJson): string[] {
  const why = held ?? reason ?? (due && state === 'waiting' && attempts > 0 ? `due ${clockTime(due)}` : '')
  return [when(received), state, type, id, customer ?? object ?? '', plural(attempts, 'attempt'), why]
}

/** One event, its attempts and what people did with it. */
export function storyText(
  story: EventJson & { timeline: readonly ChapterJson[]; body?: unknown },
  paint: Paint,
): string {
  const { id, type, state, reason, held, timeline, body } = story
  const head = `${paint(tame(id), 'bold')}  ${tame(type)}  ${paintWord(paint, state)}${suffix(reason)}${suffix(held)}`
  const parts = [head, facts(story), timeline.map((chapter) => line(chapter, paint)).join('\n')]
  if (body !== undefined) parts.push(JSON.stringify(body, null, 2))
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function facts({
  created,
  received,
  done,
  due,
  lane,
  object,
  customer,
  account,
  connected,
  livemode,
  endpoint,
  via,
  twinOf,
}: EventJson) {
  const tenant = [account, connected, livemode ? 'live' : 'test'].filter(Boolean).join(' / ')
  const rows: [string, string | null][] = [
    ['created', when(created)],
    ['received', `${when(received)}  by ${via} ${endpoint}`],
    ['done', done && when(done)],
    ['due', due && when(due)],
    ['object', object],
    ['customer', customer],
    ['tenant', tenant],
    ['lane', lane],
    ['twin of', twinOf],
  ]
  return columns(rows.filter(([, value]) => value).map(([name, value]) => [`  ${name}`, tame(value ?? '')]))
}

function line(chapter: ChapterJson, paint: Paint): string {
  if (chapter.kind === 'move') {
    const { at, to, by, why } = chapter
    return tame(`  ${when(at)}  ${to} by ${by}${why ? `: ${why}` : ''}`)
  }
  const { attempt, start, end, outcome, reason, due, error, worker, release } = chapter
  const took = end ? `after ${spoken(Date.parse(end) - Date.parse(start))}` : ''
  const next = due && end ? `in ${spoken(Math.max(0, Date.parse(due) - Date.parse(end)))}` : ''
  const said = error ? `${error.handler ? `${error.handler}: ` : ''}${error.message}` : (reason ?? '')
  const details = [took, next, said, `${worker} ${release}`].filter(Boolean).map(tame).join('  ')
  return `  ${when(start)}  attempt ${attempt}  ${paintWord(paint, outcome, outcome.padEnd(10))}  ${details}`
}

const suffix = (text: string | null) => (text ? `  ${tame(text)}` : '')
const when = (iso: string) => iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
const clockTime = (iso: string) => iso.slice(11, 19)
const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
