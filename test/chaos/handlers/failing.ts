import type { Cluster } from '../../../src/index.ts'
import { Dead, Later } from '../../../src/index.ts'

interface Quoting {
  readonly id: string
  readonly type: string
  readonly data: { readonly object: { readonly note?: unknown } }
}

/** Every way in which a handler can fail, each with words from the body in its error. */
export default (cluster: Cluster): void => {
  const noteOf = (event: unknown): string => String((event as Quoting).data.object.note)
  cluster.on('invoice.paid', { name: 'throws' }, (event) => {
    throw new Error(`no such customer: ${noteOf(event)}`)
  })
  cluster.on('invoice.voided', { name: 'names' }, (event) => {
    // One word would be kept: class and code of an error are its author's. This is what a careless one makes of them.
    const text = `no such customer: ${noteOf(event)}`
    throw Object.assign(new TypeError(text), { name: text, code: text, stack: text })
  })
  cluster.on('charge.failed', { name: 'refuses' }, (event) => {
    throw new Dead(noteOf(event))
  })
  cluster.on('charge.refunded', { name: 'puts off' }, (event) => {
    throw new Later(20, noteOf(event))
  })
  cluster.on('charge.updated', { name: 'throws text' }, (event) => {
    throw noteOf(event)
  })
  cluster.on(
    'customer.updated',
    { name: 'hangs' },
    (event) => new Promise((_, reject) => setTimeout(reject, 300, noteOf(event))),
  )
  cluster.on('customer.created', { name: 'writes' }, (event, { transaction }) =>
    transaction((db) => db.prepare(`insert into "${noteOf(event)}" values (1)`).run()),
  )
  cluster.on('customer.deleted', { name: 'remembers' }, (event, { once }) =>
    once(noteOf(event), () => Promise.reject(new Error(noteOf(event)))),
  )
}
