/** One figure of one run. Figures with the same `alternation` were measured next to one another. */
export interface Figure {
  readonly subject: string
  readonly alternation: number
  readonly metric: string
  readonly unit: string
  readonly value: number
}

/** A line of `bench/results/<name>.json`. */
export interface Row {
  readonly subject: string
  readonly metric: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
  readonly ratio: { readonly to: string; readonly value: number } | null
}

/** What a figure of one subject must keep to: a limit of its own, or a share of another subject's figure `of` the same runs. */
export type Bar = { readonly subject: string; readonly metric: string; readonly of: string | null } & (
  | { readonly atLeast: number }
  | { readonly atMost: number }
)

/**
 * One row for each subject and metric, in order of appearance. A ratio is taken pair by pair within each alternation, where both
 * met the same machine, and its median is given: to the subject that a bar names, else to `reference`.
 */
export function rows(figures: readonly Figure[], bars: readonly Bar[], reference: string | null): Row[] {
  const groups = Map.groupBy(figures, ({ subject, metric }) => `${subject}\n${metric}`)
  return [...groups.values()].map((group) => {
    const { subject, metric, unit } = group[0]!
    const values = group.map(({ value }) => value)
    const to = bars.find((bar) => bar.subject === subject && bar.metric === metric)?.of ?? reference
    return {
      subject,
      metric,
      unit,
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      runs: values.length,
      ratio: to === null || to === subject ? null : ratio(group, figures, to),
    }
  })
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function ratio(group: readonly Figure[], figures: readonly Figure[], to: string): Row['ratio'] {
  const pairs = group.flatMap(({ alternation, metric, value }) =>
    figures
      .filter((other) => other.subject === to && other.metric === metric && other.alternation === alternation)
      .map((other) => value / other.value),
  )
  // Nothing beside nothing (no failures in either) has no ratio.
  const value = median(pairs)
  return Number.isFinite(value) ? { to, value } : null
}

/** A bar, what was measured for it, and whether it is kept. A figure that is missing, or no number, keeps no bar. */
export interface Verdict {
  readonly bar: Bar
  readonly measured: number
  readonly kept: boolean
}

export function verdicts(table: readonly Row[], bars: readonly Bar[]): Verdict[] {
  return bars.map((bar) => {
    const row = table.find(({ subject, metric }) => subject === bar.subject && metric === bar.metric)
    const measured = (bar.of === null ? row?.median : row?.ratio?.to === bar.of ? row.ratio.value : null) ?? Number.NaN
    return { bar, measured, kept: 'atLeast' in bar ? measured >= bar.atLeast : measured <= bar.atMost }
  })
}
