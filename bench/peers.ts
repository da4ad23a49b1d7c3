import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { closedLoop, notOk, withSubject } from './ingest.ts'
import { measure } from './measure.ts'
import { peerVersions } from './peers/programs.ts'
import type { Bar } from './rows.ts'
import { serviceVersions } from './services.ts'
import { L } from './subjects/subject.ts'

const OURS = 'hookkeeper'

/** How many times as many events Hookkeeper has to take as each of them. */
const TIMES = { 'express-bullmq': 3.5, 'fastify-pg-boss': 7, 'fastify-sync-engine': 5 } as const
const PEERS = Object.keys(TIMES) as (keyof typeof TIMES)[]

/** What people use instead, taking the same events in the same minute. */
export const peers: Bench = {
  name: 'peers',
  about: 'signed POST of 2.9 KB -> verified, durable -> 200, at 64 connections, beside what people use instead',
  reference: OURS,
  alternations: { full: 5, quick: 1 },
  // They are held against us, so a bar of a peer is the reciprocal of ours.
  bars: [
    ...PEERS.flatMap((subject): Bar[] => [
      { subject, metric: 'rate', atMost: 1 / TIMES[subject], of: OURS },
      { subject, metric: 'p99', atLeast: 2, of: OURS },
    ]),
    // A request that got no 200 would flatter whoever lost it.
    ...[OURS, ...PEERS].map((subject): Bar => ({ subject, metric: 'not_ok', atMost: 0, of: null })),
  ],
  versions,
  run: (settings) => alternate(['bare', L, OURS, ...PEERS], settings, (name) => figures(name, settings)),
}

/** Of what the peers are made of. */
export async function versions(): Promise<string> {
  return `${await serviceVersions()}, ${await peerVersions()}`
}

async function figures(name: string, { quick, dir }: Settings): Promise<Figures> {
  const measured = await withSubject(name, dir, (running) => measure(running, closedLoop(quick)))
  return {
    rate: [measured.rate, '1/s'],
    p50: [measured.p50, 'ms'],
    p99: [measured.p99, 'ms'],
    p999: [measured.p999, 'ms'],
    max: [measured.max, 'ms'],
    cpu: [measured.cpuUs, 'us'],
    service_cpu: [measured.serviceCpuUs, 'us'],
    rss_loaded: [measured.rssPeakMib, 'MiB'],
    not_ok: [notOk(measured), 'requests'],
    generator_cpu: [measured.ownCpuUs, 'us'],
    foreign: [measured.foreignCores, 'cores'],
  }
}
