import type { SqsRecord } from '../broker/sqs.ts'
import type { Logger } from '../core/service.ts'
import { codeOf, type InletDeps, takeIn } from '../processing/inlet.ts'

/** What AWS Lambda hands over from a queue in SQS. */
export interface SqsBatch {
  readonly Records: readonly SqsRecord[]
}

/** Which records come again; the others are gone from the queue. The event source mapping needs `ReportBatchItemFailures`. */
export interface SqsBatchResult {
  readonly batchItemFailures: { readonly itemIdentifier: string }[]
}

export interface SqsBatchDeps {
  readonly log: Logger
  /** What takes messages in; opens the ledger where nothing was started. */
  inlet(): Promise<InletDeps>
  /** Works what is ready, for a bounded time. */
  pass(): Promise<unknown>
}

/**
 * Records into the ledger, then a bounded pass over what is ready. Those that the ledger has do not come again, whatever becomes of
 * their work: that is the ledger's business from then on.
 */
export async function sqsBatch(
  { Records: records }: SqsBatch,
  { log, inlet, pass }: SqsBatchDeps,
): Promise<SqsBatchResult> {
  const { messageOf } = await import('../broker/sqs.ts')
  const failed = await taken().catch((error) => {
    log.error(
      { code: codeOf(error), records: records.length },
      'a batch from the queue could not be recorded: it comes again',
    )
    return records
  })
  if (failed.length < records.length)
    await pass().catch((error) => log.error({ code: codeOf(error) }, 'a pass over what is ready failed'))
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId ?? '' })) }

  async function taken(): Promise<readonly SqsRecord[]> {
    const drained = await takeIn(records.map(messageOf), await inlet())
    return records.filter((_, n) => drained[n] === 'failed')
  }
}
