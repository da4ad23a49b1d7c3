import type { Clock } from '../core/clock.ts'
import type { Batch, Lent } from './broker.ts'

/** One message on its way out: `handle` is what the service knows the loan by, `sentAt` when it was appended. */
export interface Loan<H> {
  readonly message: Lent
  readonly handle: H
  readonly sentAt: number
}

export interface Lending<H> {
  readonly clock: Clock
  readonly lentMs: number
  /** Resolves when the service has heard; what it rejects with goes to whoever acknowledged. */
  ack(handles: readonly H[]): Promise<void>
  refuse(handle: H, message: Lent, why: string): Promise<void>
}

/** What this process holds of a service that keeps a handle for each loan. It forgets loans whose time is over. */
export class Loans<H> {
  readonly #lending: Lending<H>
  readonly #out = new Map<Loan<H>, number>()

  constructor(lending: Lending<H>) {
    this.#lending = lending
  }

  lend(loans: readonly Loan<H>[]): Batch {
    const now = this.#lending.clock.now()
    this.#forget(now)
    for (const loan of loans) this.#out.set(loan, now + this.#lending.lentMs)
    const held = new Map(loans.map((loan) => [loan.message, loan]))
    const give = (messages: readonly Lent[]): Loan<H>[] => {
      const given = messages.flatMap((message) => held.get(message) ?? [])
      for (const loan of given) held.delete(loan.message)
      return given
    }
    const kept = (given: readonly Loan<H>[]) => (error: unknown) => {
      for (const loan of given) held.set(loan.message, loan)
      throw error
    }
    return {
      messages: loans.map(({ message }) => message),
      ack: async (some) => {
        const given = give(some ?? [...held.keys()])
        if (given.length === 0) return
        await this.#lending.ack(given.map(({ handle }) => handle)).catch(kept(given))
        for (const loan of given) this.#out.delete(loan)
      },
      refuse: async (message, why) => {
        const given = give([message])
        for (const loan of given) await this.#lending.refuse(loan.handle, message, why).catch(kept(given))
        for (const loan of given) this.#out.delete(loan)
      },
    }
  }

  /** Of the loans that are out, oldest first; `beyond` leaves out those that end sooner. */
  handles(beyond = this.#lending.clock.now()): H[] {
    return [...this.#out].filter(([, endsAt]) => endsAt > beyond).map(([{ handle }]) => handle)
  }

  /** How long ago the oldest message that is out was appended; 0 when none is. */
  get oldestMs(): number {
    const now = this.#lending.clock.now()
    this.#forget(now)
    return [...this.#out.keys()].reduce((most, { sentAt }) => Math.max(most, now - sentAt), 0)
  }

  // Loans end in the order in which they were made.
  #forget(now: number): void {
    for (const [loan, endsAt] of this.#out) {
      if (endsAt > now) return
      this.#out.delete(loan)
    }
  }
}
