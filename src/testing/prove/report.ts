import type { Attempt, Call } from './attempt.ts'
import type { Finding, Wrong } from './finding.ts'
import { ABOUT } from './storms.ts'

const LINES_MAX = 8

/** A finding in plain words: what happened, what is wrong, why as a rule, and how to see it again. */
export function report(found: Finding): string {
  const { plan, trial, wrong } = found
  const { when, mend } = wrong.kind === 'stray' ? STRAY : plan.storm === null ? CLEAN : ABOUT[plan.storm]
  const again = plan.storm === null ? `{ seed: ${trial.seed} }` : `{ seed: ${trial.seed}, storms: ['${plan.storm}'] }`
  return [
    `prove: not safe ${wrong.kind === 'stray' ? '' : 'when '}${when} (${plan.storm ?? 'clean pass'}, seed ${trial.seed}).`,
    '',
    'What is wrong:',
    ...indented(wrongLines(found)),
    '',
    `What happened${plan.replays === 'none' ? '' : ', replays included'}:`,
    ...indented(storyLines(found)),
    '',
    'How it is mended, as a rule:',
    ...indented([mend]),
    '',
    `Again: prove(..., ${again}), with the same events.`,
  ].join('\n')
}

const CLEAN = {
  when: 'all events are worked in order, each once, and nothing else happens',
  mend: 'A clean pass has to end with every event done: mend the handler, let reset() prepare what it needs, or give it other `events`.',
}

const STRAY = {
  when: 'since the handler returns before its work is done',
  mend: 'Await every promise (also inside `forEach` and `map`: `for ... of`, or `await Promise.all`). What is still under way at the return is lost in a crash, and when it fails nobody tries again.',
}

function wrongLines({ wrong, trial, passed }: Finding): string[] {
  if (wrong.kind === 'state') {
    const lines = wrong.differences.map(({ path, text }) => `${path}: ${text}`)
    return lines.length > LINES_MAX ? [...lines.slice(0, LINES_MAX), `and ${lines.length - LINES_MAX} more`] : lines
  }
  if (wrong.kind === 'stray') return [strayLine(wrong)]
  const name = `${trial.events[wrong.event]?.type} ${trial.events[wrong.event]?.id}`
  const last = passed.attempts.findLast(({ event }) => event === wrong.event)
  return [
    `${name} ends ${wrong.storm}, in a clean pass ${wrong.clean}. Its last attempt ${last?.ended ?? 'never ended'}.`,
  ]
}

function strayLine({ stray: { attempt, call } }: Extract<Wrong, { kind: 'stray' }>): string {
  if (call === null) return `${attempt.handler}: what state() tells went on changing after the handler had returned.`
  return `${attempt.handler} had returned, and its call of ${call.name} was still under way: nobody awaits it.`
}

/** Each event that was worked, with its attempts, in the order in which they began. */
function storyLines({ passed: { attempts }, trial }: Finding): string[] {
  const several = attempts.some(({ process }) => process > 1)
  const lines: string[] = []
  let before = -1
  for (const attempt of attempts) {
    const event = trial.events[attempt.event]
    if (attempt.event !== before && event) lines.push(`${event.type}  ${event.id}  ${objectOf(event)}`)
    before = attempt.event
    const where = several ? `, process ${attempt.process}` : ''
    lines.push(`  ${attempt.handler}, attempt ${attempt.n}${where}: ${stepsOf(attempt)}`)
  }
  return lines.length > STORY_MAX ? [...lines.slice(0, STORY_MAX), `and ${lines.length - STORY_MAX} lines more`] : lines
}

const STORY_MAX = 30

function stepsOf({ calls, ended }: Attempt): string {
  return [...calls.map(callText), ended ?? 'never heard of again'].join(', ')
}

const callText = ({ name, note }: Call): string => (note === null ? name : `${name} (${note})`)

const objectOf = ({ data }: { data: { object: object } }): string => {
  const { id = '', customer = '' } = data.object as { id?: string; customer?: unknown }
  return [id, typeof customer === 'string' ? customer : ''].filter((one) => one !== '').join('  ')
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
