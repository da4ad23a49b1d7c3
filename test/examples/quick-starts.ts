import { readFile } from 'node:fs/promises'
import { type Block, blocksIn } from '../docs/code.ts'
import { type Step, stepsOf } from './session.ts'

export const QUICK_STARTS = 'docs/quick-starts.md'

/** What one terminal shows in the document, over all its blocks. */
export interface QuickStart {
  readonly example: string
  readonly steps: readonly Step[]
}

/** The transcripts of the document, and every block that is none. */
export async function readQuickStarts(): Promise<{ quickStarts: readonly QuickStart[]; others: readonly Block[] }> {
  const blocks = blocksIn(await readFile(QUICK_STARTS, 'utf8'))
  const byExample = Map.groupBy(blocks, exampleOf)
  const others = byExample.get(null) ?? []
  byExample.delete(null)
  const quickStarts = [...byExample].map(([example, parts]) => ({
    example: example ?? '',
    steps: parts.flatMap(({ code }) => stepsOf(code)),
  }))
  return { quickStarts, others }
}

const exampleOf = ({ language, marks }: Block): string | null =>
  (language === 'console' && marks.find((mark) => mark.startsWith('example='))?.slice('example='.length)) || null

/** What `npm install` names. */
export const packagesIn = ({ command }: Step): string[] => command.replace(/^npm install /, '').split(' ')
