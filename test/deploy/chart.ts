import { parseAllDocuments } from 'yaml'
import type { Helm } from '../services/helm.ts'
import { type Manifest, manifest, type Of, type PodSpec } from './kinds.ts'

export const CHART = 'deploy/helm/hookkeeper'

/** The oldest Kubernetes that the chart says it runs on. */
const VERSION = ['--kube-version', '1.30.0']

export const linted = (helm: Helm, ...words: string[]) => helm('lint', '--strict', CHART, ...VERSION, ...words)

/** What would be applied, each object held against what the API server knows of its kind. */
export async function rendered(helm: Helm, ...words: string[]): Promise<Rendered> {
  const text = await helm('template', 'hookkeeper', CHART, '--namespace', 'prod', ...VERSION, ...words)
  const documents = parseAllDocuments(text, { uniqueKeys: true })
  if (!Array.isArray(documents)) throw new Error('There is nothing in it.')
  const all = documents.map((document) => {
    if (document.errors[0]) throw document.errors[0]
    return read(document.toJS())
  })
  return { text, all, of: (kind) => all.filter((one): one is Of<typeof kind> => one.kind === kind) }
}

export interface Rendered {
  readonly text: string
  readonly all: readonly Manifest[]
  of<K extends Manifest['kind']>(kind: K): readonly Of<K>[]
}

export interface Pod {
  readonly owner: Of<'Deployment'> | Of<'StatefulSet'> | Of<'Job'>
  readonly labels: Readonly<Record<string, string>>
  readonly spec: PodSpec
  readonly container: PodSpec['containers'][number]
}

export const podsOf = ({ of }: Rendered): readonly Pod[] =>
  [...rolesOf({ of }), ...of('Job')].map((owner) => {
    const { metadata, spec } = owner.spec.template
    return { owner, labels: metadata.labels, spec, container: spec.containers[0]! }
  })

/** What runs for as long as the release does. */
export const rolesOf = ({ of }: Pick<Rendered, 'of'>) => [...of('Deployment'), ...of('StatefulSet')]

/** Would a selector with these labels take such a pod? */
export const selects = (wanted: Readonly<Record<string, string>>, { labels }: Pick<Pod, 'labels'>): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value)

function read(object: unknown): Manifest {
  const { data, error } = manifest.safeParse(object)
  if (data) return data
  const { kind, metadata } = object as Manifest
  throw new Error(`${kind} ${metadata?.name} would not be accepted: ${error?.message}`)
}
