import { settled, type VirtualClock } from '../../src/core/clock.ts'

/** Lets virtual time jump to whatever is due next, but only while no request is on the wire. */
export async function drive<V>(clock: VirtualClock, inFlight: () => number, done: Promise<V>): Promise<V> {
  let over = false
  const mark = () => {
    over = true
  }
  done.then(mark, mark)
  while (!over) {
    const next = clock.next()
    if (inFlight() === 0 && next !== null) await clock.advance(next - clock.now())
    else await settled()
  }
  return done
}
