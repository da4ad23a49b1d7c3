import type { Cluster } from '../../../src/index.ts'

interface Sent {
  readonly data: { readonly object: { readonly metadata: { readonly sent: string } } }
}

/** Every event holds its place for PACED_MS, as if it waited for a service; of buyers it tells how long after they were sent. */
export default (cluster: Cluster): void => {
  const ms = Number(process.env['PACED_MS'])
  const paced = () => new Promise((resolve) => setTimeout(resolve, ms))
  cluster.on('*', { name: 'paced' }, async (event) => {
    await paced()
    if (event.type !== 'checkout.session.completed') return
    const { sent } = (event as unknown as Sent).data.object.metadata
    console.log(JSON.stringify({ handled: (Number(process.hrtime.bigint()) / 1e3 - Number(sent)) / 1e3 }))
  })
}
