import type { Action } from './action.ts'
import { discard } from './discard.ts'
import { pause } from './pause.ts'
import { quarantine } from './quarantine.ts'
import { record } from './record.ts'
import { release } from './release.ts'
import { replay } from './replay.ts'
import { reroute } from './reroute.ts'
import { resume } from './resume.ts'

/** What can be done, by anybody: the CLI's verbs, the API's routes and the metric's label values are made from this list. */
export const actions: readonly Action[] = [replay, discard, quarantine, release, record, pause, resume, reroute]
