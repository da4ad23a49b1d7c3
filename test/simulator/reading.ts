import type { SimulatedEvent } from '../../src/simulator/event.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test reads the body as its receiver does, without a type.
export type Fields = Record<string, any>

export const objectOf = (event: SimulatedEvent): Fields => (event.json['data'] as Fields)['object']
export const previousOf = (event: SimulatedEvent): Fields => (event.json['data'] as Fields)['previous_attributes']
