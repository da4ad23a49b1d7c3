import pg from 'pg'

/** A connection of its own. A server that ends it must not end us too. */
export async function connected(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** A connection for as long as the work takes. */
export async function connectedTo<V>(url: string, work: (client: pg.Client) => Promise<V>): Promise<V> {
  const client = await connected(url)
  return work(client).finally(() => client.end())
}

/** One statement, or several without values. */
export const asked = <R extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<R[]> => connectedTo(url, async (client) => (await client.query<R>(text, values as unknown[])).rows)
