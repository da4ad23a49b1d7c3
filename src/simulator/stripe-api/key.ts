import { keyMissing, keyWrong } from './refusal.ts'

export interface Lock {
  /** The one key that is taken; by default every secret or restricted key of the mode. */
  readonly key?: string
  readonly books: { readonly livemode: boolean }
}

/** The API key of a request, as `Bearer`, or as the name of a `Basic` pair. Throws the refusal of a missing or a wrong one. */
export function keyOf(authorization: string | string[] | undefined, { key, books }: Lock): string {
  const [scheme = '', value = ''] = String(authorization ?? '').split(' ')
  const given = /^basic$/i.test(scheme) ? Buffer.from(value, 'base64').toString().split(':')[0] : value
  if (!given) throw keyMissing()
  const fits = key === undefined ? given.match(/^[sr]k_(test|live)_./)?.[1] === mode(books.livemode) : given === key
  if (!fits) throw keyWrong(given)
  return given
}

const mode = (livemode: boolean): string => (livemode ? 'live' : 'test')
