import { failure } from '../../core/errors.ts'
import { Dead } from '../../core/outcome.ts'
import type { Handlers } from '../../processing/handlers.ts'
import type { Books } from './books.ts'

/** A small shop's handlers, with the troubles of a real one. Which event meets which trouble is decided by its id. */
export function registerDemo({ on }: Pick<Handlers, 'on'>, books: Pick<Books, 'book'>): void {
  on('invoice.paid', { name: 'book revenue' }, ({ data }, context) =>
    books.book({ currency: data.object.currency, amount: data.object.amount_paid }, context),
  )

  on('checkout.session.completed', { name: 'welcome' }, async (event, { once }) => {
    await once('mail', async (key) => ({ sent: `welcome-${event.data.object.id}`, key }))
  })

  on(['customer.subscription.*', 'invoice.updated'], { name: 'sync billing' }, (event, { attempt }) => {
    const failing = drawn(event.id, 30) ? 2 : drawn(event.id, 12) ? 1 : 0
    if (attempt <= failing) throw failure('destination_failed', { host: 'billing', status: 503 })
  })

  on('invoice.payment_failed', { name: 'dunning' }, (event) => {
    if (drawn(event.id, 6)) throw new Dead('the customer is gone')
  })

  on('payment_intent.succeeded', { name: 'sync crm' }, (event) => {
    if (drawn(event.id, 80)) throw failure('destination_unreachable', { host: 'crm', code: 'ECONNREFUSED' })
  })

  on('*', { name: 'audit' }, (event, { log }) => log.debug({ created: event.created }, 'seen'))
}

/** True for one id in `among`. */
function drawn(id: string, among: number): boolean {
  let hash = among
  for (let n = 0; n < id.length; n++) hash = (Math.imul(hash, 31) + id.charCodeAt(n)) >>> 0
  return hash % among === 0
}
