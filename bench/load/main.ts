import { systemClock } from '../../src/core/clock.ts'
import { load } from './load.ts'
import { readPlan } from './plan.ts'

// The load generator as a process of its own: the plan as JSON on the command line, `{"kind":"measuring"}` when the warm-up
// is over and `{"kind":"result",...}` at the end, one line each.
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

const result = await load(readPlan(process.argv[2] ?? '{}'), systemClock, () => say({ kind: 'measuring' }))
say({ kind: 'result', result })
