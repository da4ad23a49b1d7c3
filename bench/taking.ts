import type { Figures } from './harness.ts'
import { notOk, withSubject } from './ingest.ts'
import { type Load, measure } from './measure.ts'

/** How a fresh subject takes events under a load: how many, how soon, and at whose cost. */
export async function taking(name: string, under: string, load: Load): Promise<Figures> {
  const measured = await withSubject(name, under, (running) => measure(running, load))
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
