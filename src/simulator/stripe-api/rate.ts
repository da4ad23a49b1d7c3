/** Whether one more request may be answered in this second of our clock. */
export function createRate(perSecond: number, now: () => number): () => boolean {
  let second = 0
  let asked = 0
  return () => {
    const current = Math.floor(now() / 1000)
    if (current !== second) asked = 0
    second = current
    asked++
    return asked <= perSecond
  }
}
