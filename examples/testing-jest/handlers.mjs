/** Two handlers with one effect each: a crash between them repeats neither. The mailer sends a mail of the same `key` only once. */
export function register(cluster, mailer) {
  cluster.on('checkout.session.completed', { name: 'book' }, async (event, { transaction }) => {
    const { id, amount_total } = event.data.object
    await transaction((db) => {
      db.exec('create table if not exists orders (session text primary key, cents integer)')
      db.prepare('insert or ignore into orders values (?, ?)').run(id, amount_total)
    })
  })

  cluster.on('checkout.session.completed', { name: 'thank' }, async (event, { once }) => {
    const to = event.data.object.customer_details?.email ?? 'nobody'
    await once('thanks', (key) => mailer.send({ to, text: 'Thank you.', key }))
  })
}
