import { seconds } from './calendar.ts'
import type { Delivery, Fault } from './faults.ts'
import type { Answer } from './report.ts'
import type { End } from './sender.ts'
import { type Truth, truthOf } from './truth.ts'

/** The truth about one event, whole: what was made, what was done to it, what was sent, and what the receiver said. */
export interface Story extends Truth {
  /** The Connect account that it happened to, null for the merchant's own. */
  readonly account: string | null
  readonly faults: readonly Fault[]
  /** The id of the event that tells of the same change, where this is its twin. */
  readonly twinOf: string | null
  readonly fate: Fate
  readonly deliveries: readonly StoryDelivery[]
}

export interface StoryDelivery {
  readonly kind: Delivery['kind']
  /** When it was to leave, in seconds of the merchant's clock. */
  readonly at: number
  /** The receiver's answer to each attempt, in order: a status, `timeout` or `unreachable`. */
  readonly answers: readonly Answer[]
}

/** `accepted` once a good delivery was taken; `unfinished` when the simulation was stopped before it was known. */
export type Fate = Exclude<End, 'refused'> | 'unfinished'

interface Open {
  readonly planned: Map<Delivery, Answer[]>
  readonly ends: Map<Delivery, End>
}

/**
 * Gathers stories and tells each when nothing more will happen to its event; `close` tells the rest. It holds no more than what
 * is on its way.
 */
export function createStories(tell: (story: Story) => void) {
  const open = new Map<string, Open>()
  const finish = (id: string, { planned, ends }: Open) => {
    open.delete(id)
    tell(storyOf(planned, fateOf(planned, ends)))
  }
  return {
    plan(deliveries: readonly Delivery[]): void {
      for (const delivery of deliveries) {
        const known = open.get(delivery.event.id) ?? { planned: new Map(), ends: new Map() }
        known.planned.set(delivery, [])
        open.set(delivery.event.id, known)
      }
    },
    answer(delivery: Delivery, answer: Answer): void {
      open.get(delivery.event.id)?.planned.get(delivery)?.push(answer)
    },
    end(delivery: Delivery, end: End): void {
      const { id } = delivery.event
      const story = open.get(id)
      story?.ends.set(delivery, end)
      if (story && story.ends.size === story.planned.size) finish(id, story)
    },
    close(): void {
      for (const [id, story] of open) finish(id, story)
    },
  }
}

/** By its good deliveries: what is torn or forged decides nothing. */
function fateOf(planned: Open['planned'], ends: Open['ends']): Fate {
  const told = [...planned.keys()]
    .filter(({ kind }) => kind !== 'torn' && kind !== 'forged')
    .map((one) => ends.get(one))
  if (told.includes('accepted')) return 'accepted'
  if (told.length === 0 || told.includes(undefined)) return 'unfinished'
  return (told[0] ?? 'unfinished') as Fate
}

function storyOf(planned: Open['planned'], fate: Fate): Story {
  const [first] = [...planned.keys()]
  const { event, faults, twinOf = null } = first as Delivery
  const deliveries = [...planned].map(([{ kind, at }, answers]) => ({ kind, at: seconds(at), answers }))
  return { ...truthOf(event), account: event.account, faults, twinOf, fate, deliveries }
}
