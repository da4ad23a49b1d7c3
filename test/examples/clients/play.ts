import { pathToFileURL } from 'node:url'
import { settled } from '../../../src/core/clock.ts'
import { fixture, type TestCluster, testCluster } from '../../../src/testing.ts'

// Works one event twice with the handlers of a file, in two clusters of which none knows what the other did: as after a crash
// between the effect and the note that it was made. The file calls its cluster `cluster`, as the documents do.

const [file = ''] = process.argv.slice(2)
const paid = fixture('invoice.paid', { amount_paid: 4900 }, { id: 'evt_played' })

for (const round of [1, 2]) {
  const cluster = await testCluster((registrar) => Object.assign(globalThis, { cluster: registrar }))
  await import(`${pathToFileURL(file).href}?round=${round}`)
  await cluster.deliver(paid)
  const { entry, timeline } = await ended(cluster)
  if (entry.state !== 'done') throw new Error(`the event is ${entry.state}: ${JSON.stringify(timeline)}`)
}
// Pools and connections of the handlers are left open, as in a service.
process.exit(0)

/** Virtual time stands still, so that a database may take as long as it likes. */
async function ended(cluster: TestCluster) {
  for (;;) {
    const story = await cluster.event(paid.id)
    if (story.timeline.some((chapter) => chapter.kind === 'attempt' && chapter.outcome !== 'running')) return story
    await settled()
  }
}
