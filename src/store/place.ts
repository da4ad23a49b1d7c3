import type { Envelope } from '../core/event.ts'

/** The order of an event within its lane and among the events of its object. */
export const positionOf = (event: { createdAt: number; rank: number }): number =>
  Math.floor(event.createdAt / 1000) * 32 + event.rank

export const urgencyCode = (urgency: Envelope['urgency']): number =>
  urgency === 'now' ? 0 : urgency === 'soon' ? 1 : 2
