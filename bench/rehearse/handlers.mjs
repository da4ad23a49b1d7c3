/** One in four reaches out, the others write a row, as handlers do. */
export default (cluster) => {
  cluster.on('invoice.paid', async (event, { transaction }) => {
    await transaction((db) => {
      db.exec('create table if not exists paid (event text primary key, cents integer)')
      db.prepare('insert into paid values (?, ?) on conflict do nothing').run(event.id, event.data.object.total)
    })
  })
  cluster.on('payout.paid', () => fetch(process.env.TARGET))
}
