import { commerceSamples } from './sample/commerce.ts'
import { issuingSamples } from './sample/issuing.ts'
import { moneySamples } from './sample/money.ts'
import { peopleSamples } from './sample/people.ts'
import type { Sample } from './sample/sample.ts'

/** By `object`. Together with what the merchant's lifecycles make, every kind that an event can be about. */
export const SAMPLES: ReadonlyMap<string, Sample> = new Map(
  [moneySamples, issuingSamples, commerceSamples, peopleSamples].flatMap((some) => Object.entries(some)),
)
