import { alternate, type Bench } from './harness.ts'
import { closedLoop } from './ingest.ts'
import { peerVersions } from './peers/programs.ts'
import type { Bar } from './rows.ts'
import { serviceVersions } from './services.ts'
import { L } from './subjects/subject.ts'
import { taking } from './taking.ts'

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
  run: (settings) =>
    alternate(['bare', L, OURS, ...PEERS], settings, (name) => taking(name, settings.dir, closedLoop(settings.quick))),
}

/** Of what the peers are made of. */
export async function versions(): Promise<string> {
  return `${await serviceVersions()}, ${await peerVersions()}`
}
