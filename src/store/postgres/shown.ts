/** A database as people may see it: never a password in a message. */
export function shown(url: string): string {
  try {
    const { host, pathname } = new URL(url)
    return `postgres://${host}${pathname}`
  } catch {
    return 'the Postgres of DATABASE_URL'
  }
}
