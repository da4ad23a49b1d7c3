import { type Batch, type Broker, BrokerError, type Lent, type Message } from '../../src/broker/broker.ts'

/** As much of a broker as a decorator's test needs: what is in it can be seen and tampered with. */
export class SmallBroker implements Broker {
  readonly name = 'small'
  readonly traits = { durable: false, shared: true, ordered: true, batchMax: 100, bodyBytesMax: 1000 }
  waiting: Message[] = []
  readonly refused: string[] = []
  /** What giving back a loan ends in. */
  refusal: BrokerError | null = null

  async append(messages: readonly Message[]) {
    return messages.map((message) => {
      if (message.body.byteLength > this.traits.bodyBytesMax) return new BrokerError('too-large', 'small: too large')
      this.waiting.push(message)
      return null
    })
  }

  async receive({ max }: { max: number }): Promise<Batch> {
    const lent = new Map<Lent, Message>(
      this.waiting.slice(0, max).map((message) => [{ ...message, deliveries: 1 }, message]),
    )
    const takeOut = (one: Lent) => {
      const message = lent.get(one)
      lent.delete(one)
      this.waiting = this.waiting.filter((other) => other !== message)
      return message
    }
    const messages = [...lent.keys()]
    return {
      messages,
      ack: async (some = messages) => some.forEach(takeOut),
      refuse: async (one, why) => {
        if (this.refusal) throw this.refusal
        this.refused.push(`${one.id} ${why}`)
        const message = takeOut(one)
        if (message) this.waiting.push(message)
      },
    }
  }

  async backlog() {
    return { waiting: this.waiting.length, oldestMs: 0 }
  }

  async check() {
    return []
  }

  async close() {}
}
