/** Prometheus' text of one metric: its name, its help, its series. */
export interface Metric {
  text(): string
}

/** As many series as one metric may have, whatever its callers pass: beyond that, all that is new counts as `other`. */
const SERIES_MAX = 5_000
const OTHER = 'other'

/** Values by label, found without making a string per call: one Map look-up for each label. */
class Series<V> {
  readonly #byFirst = new Map<string, Map<string, V>>()
  readonly #make: () => V
  #size = 0

  constructor(make: () => V) {
    this.#make = make
  }

  at(first: string, second: string): V {
    return this.#byFirst.get(first)?.get(second) ?? this.#added(first, second)
  }

  *entries(): Generator<readonly [first: string, second: string, value: V]> {
    for (const [first, bySecond] of this.#byFirst) for (const [second, value] of bySecond) yield [first, second, value]
  }

  #added(first: string, second: string): V {
    if (this.#size >= SERIES_MAX && (first !== OTHER || second !== OTHER)) return this.at(OTHER, OTHER)
    const value = this.#make()
    const bySecond = this.#byFirst.get(first) ?? new Map<string, V>()
    this.#byFirst.set(first, bySecond.set(second, value))
    this.#size++
    return value
  }
}

/** A number that only rises, for each pair of two labels. */
export class Counter implements Metric {
  readonly #series = new Series(() => ({ value: 0 }))
  readonly #about: About
  readonly #labels: readonly [string, string]

  constructor(about: About, labels: readonly [string, string]) {
    this.#about = about
    this.#labels = labels
  }

  add(first: string, second: string): void {
    this.#series.at(first, second).value++
  }

  text(): string {
    const lines = [head(this.#about, 'counter')]
    for (const [first, second, { value }] of this.#series.entries())
      lines.push(
        `${this.#about.name}${braces(label(this.#labels[0], first), label(this.#labels[1], second))} ${value}\n`,
      )
    return lines.join('')
  }
}

/** How many observations were at most each bound, by one label or none. */
export class Histogram implements Metric {
  readonly #series: Series<Buckets>
  readonly #about: About
  readonly #label: string | null
  /** The series of a histogram without a label. */
  readonly #only: Buckets | null

  constructor(about: About, boundsSeconds: readonly number[], label: string | null = null) {
    this.#about = about
    this.#label = label
    this.#series = new Series(() => new Buckets(boundsSeconds))
    this.#only = label === null ? this.#series.at('', '') : null
  }

  observe(seconds: number, of = ''): void {
    const buckets = this.#only ?? this.#series.at(of, '')
    buckets.observe(seconds)
  }

  text(): string {
    const lines = [head(this.#about, 'histogram')]
    for (const [value, , buckets] of this.#series.entries())
      lines.push(buckets.text(this.#about.name, this.#label === null ? '' : label(this.#label, value)))
    return lines.join('')
  }
}

class Buckets {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** Clocks of two machines differ: what seems to come before its cause took no time. */
  observe(seconds: number): void {
    if (Number.isNaN(seconds)) return
    const value = Math.max(seconds, 0)
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++
    this.#counts[bucket]!++
    this.#sum += value
  }

  text(name: string, labels: string): string {
    let count = 0
    const lines = this.#bounds.map((bound, bucket) => {
      count += this.#counts[bucket] as number
      return `${name}_bucket${braces(label('le', String(bound)), labels)} ${count}\n`
    })
    count += this.#counts[this.#bounds.length] as number
    lines.push(`${name}_bucket${braces(label('le', '+Inf'), labels)} ${count}\n`)
    return `${lines.join('')}${name}_sum${braces(labels)} ${this.#sum}\n${name}_count${braces(labels)} ${count}\n`
  }
}

export interface About {
  readonly name: string
  readonly help: string
}

/** Values known only when they are asked for. */
export function gaugeText(
  about: About,
  values: readonly { readonly labels: string; readonly value: number }[],
): string {
  return head(about, 'gauge') + values.map(({ labels, value }) => `${about.name}${braces(labels)} ${value}\n`).join('')
}

export const label = (name: string, value: string): string =>
  `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`

const head = ({ name, help }: About, type: string) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`

function braces(...labels: readonly string[]): string {
  const given = labels.filter((one) => one !== '')
  return given.length > 0 ? `{${given.join(',')}}` : ''
}
