import type { Batch, Lent } from '../broker.ts'

/** What a batch asks of its broker. Both reject with a `BrokerError`, and may then be asked again. */
export interface Hands {
  ack(ids: readonly string[]): Promise<void>
  refuse(id: string, message: Lent, why: string): Promise<void>
}

export interface OnLoan {
  readonly id: string
  readonly lent: Lent
}

/** Messages on loan, each answered once. */
export function batchOf(loans: readonly OnLoan[], hands: Hands): Batch {
  const open = new Map(loans.map(({ id, lent }) => [lent, id]))
  const messages = loans.map(({ lent }) => lent)

  /** An answer that Redis did not hear leaves them open. */
  async function answered(some: readonly Lent[], answer: (ids: readonly string[]) => Promise<void>): Promise<void> {
    const taken = some.flatMap((lent) => {
      const id = open.get(lent)
      return id !== undefined && open.delete(lent) ? [{ lent, id }] : []
    })
    if (taken.length === 0) return
    try {
      await answer(taken.map(({ id }) => id))
    } catch (error) {
      for (const { lent, id } of taken) open.set(lent, id)
      throw error
    }
  }

  return {
    messages,
    ack: (some = messages) => answered(some, (ids) => hands.ack(ids)),
    refuse: (message, why) => answered([message], ([id]) => hands.refuse(id as string, message, why)),
  }
}
