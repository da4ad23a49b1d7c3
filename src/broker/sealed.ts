import { type Opened, SEALED_BY, type Vault } from '../privacy/vault.ts'
import { type Batch, type Broker, BrokerError, type Lent, type Message } from './broker.ts'

/** On a message whose body is sealed: in which form. */
export const SEALED = 'hk-vault'
/** On a message that is lent sealed, since nothing will ever open it: why, in half a sentence. It is to be kept as a stray. */
export const UNOPENED = 'hk-vault-failed'

/**
 * The same broker, with every body sealed on the way in and opened on the way out. What nobody sealed passes as it is. What can
 * never be opened is lent as it lies there, marked with why. What cannot be opened just now goes back, and the rest of its batch is
 * lent; where that is nothing, `receive` rejects. With no vault what comes out sealed goes back too: others may have the vault.
 */
export function sealed(broker: Broker, vault: Vault | null): Broker {
  const overhead = vault ? SEALED_BY.overheadBytes : 0
  const over: Broker = {
    name: broker.name,
    // Asked anew each time: a broker that was away at the start says later what it takes.
    get traits() {
      const { traits } = broker
      return { ...traits, bodyBytesMax: traits.bodyBytesMax - overhead }
    },
    append: async (messages) => (vault ? appendSealed(broker, vault, messages) : broker.append(messages)),
    receive: async (want, signal) => openBatch(broker, await broker.receive(want, signal), vault),
    backlog: () => broker.backlog(),
    check: () => broker.check(),
    close: () => broker.close(),
  }
  // Asked anew each time: spread, a getter is the number that it was.
  if (broker.spooled !== undefined) Object.defineProperty(over, 'spooled', { get: () => broker.spooled ?? 0 })
  return over
}

async function appendSealed(broker: Broker, vault: Vault, messages: readonly Message[]) {
  let all: readonly Message[]
  try {
    all = messages.map((message) => seal(message, vault))
  } catch (error) {
    return messages.map(() => failed(broker, (error as Error).message, error))
  }
  return broker.append(all)
}

const failed = ({ name }: Broker, why: string, cause?: unknown) =>
  new BrokerError('unreachable', `${name}: ${why}`, cause)

const seal = (message: Message, vault: Vault): Message => ({
  ...message,
  body: vault.seal(message.body, boundTo(message)),
  attributes: { ...message.attributes, [SEALED]: SEALED_BY.form },
})

async function openBatch(broker: Broker, batch: Batch, vault: Vault | null): Promise<Batch> {
  const looked = await Promise.all(batch.messages.map(async (lent) => ({ lent, ...(await unsealed(lent, vault)) })))
  // A loan that could not be given back runs out, and the message comes again by that.
  await Promise.all(looked.map(({ lent, later }) => later !== undefined && batch.refuse(lent, later).catch(() => {})))
  const lent = new Map(looked.flatMap(({ lent, shown }) => (shown ? [[shown, lent] as const] : [])))
  const [first] = looked
  // Whoever receives should wait before it asks again: the same messages would come.
  if (lent.size === 0 && first) throw failed(broker, `what it lends cannot be opened now: ${first.later}`)
  const behind = (some: readonly Lent[]) => some.flatMap((one) => lent.get(one) ?? [])
  return {
    messages: [...lent.keys()],
    ack: (some = [...lent.keys()]) => batch.ack(behind(some)),
    async refuse(message, why) {
      for (const one of behind([message])) await batch.refuse(one, why)
    },
  }
}

/** One message as `receive` of a sealed broker shows it (`shown`), or why it has to go back for now (`later`). */
export async function unsealed(lent: Lent, vault: Vault | null): Promise<{ shown?: Lent; later?: string }> {
  const { [SEALED]: form, ...attributes } = lent.attributes
  if (form === undefined) return { shown: { ...lent } }
  const opened = await open(lent, form, vault)
  if (opened.kind === 'later') return { later: opened.why }
  if (opened.kind === 'never') return { shown: { ...lent, attributes: { ...lent.attributes, [UNOPENED]: opened.why } } }
  return { shown: { ...lent, attributes, body: opened.body } }
}

async function open(lent: Lent, form: string, vault: Vault | null): Promise<Opened> {
  if (!vault) return { kind: 'later', why: 'it is sealed, and HOOKKEEPER_VAULT is not set here' }
  if (form !== SEALED_BY.form)
    return { kind: 'later', why: `it is sealed in form ${form}, which a newer release opens` }
  return vault.open(lent.body, boundTo(lent))
}

const boundTo = ({ id, key }: Message) => ({ id, lane: key })
