import { failure } from '../../core/errors.ts'

/** Where a queue is, as its URL says. */
export interface SqsPlace {
  readonly region: string
  readonly queue: string
  /** Where the URL gives it; else Amazon is asked, by the queue's name in the account of the credentials. */
  readonly queueUrl: string | null
  /** Of the service, where it is not Amazon's for the region. */
  readonly endpoint: string | null
  /** Queues whose names end in `.fifo` keep the order of each group. */
  readonly fifo: boolean
}

/** `sqs://region/account/queue`, where an account that is no number means that of the credentials; or the queue's own URL. */
export function sqsPlace(text: string): SqsPlace {
  const url = URL.parse(text)
  const [account, queue, more] = url?.pathname.split('/').filter((part) => part !== '') ?? []
  if (!url || !account || !queue || more || !/^[\w-]{1,75}(\.fifo)?$/.test(queue)) throw unreadable()
  const fifo = queue.endsWith('.fifo')

  if (url.protocol === 'sqs:') {
    const region = url.hostname
    const known = /^\d{12}$/.test(account) ? `https://sqs.${region}.${domainOf(region)}/${account}/${queue}` : null
    return { region, queue, queueUrl: known, endpoint: null, fifo }
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw unreadable()
  const [, of, before] = /^sqs(?:-fips)?\.([\w-]+)\.|^([\w-]+)\.queue\./.exec(url.hostname) ?? []
  const region = of ?? before ?? url.searchParams.get('region') ?? 'us-east-1'
  return { region, queue, queueUrl: `${url.origin}/${account}/${queue}`, endpoint: url.origin, fifo }
}

const domainOf = (region: string) => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com')

const unreadable = () =>
  failure('config_invalid', {
    where: 'BROKER_URL',
    what: 'a queue is written sqs://region/account/queue, or as its own URL, https://sqs.region.amazonaws.com/account/queue',
  })
