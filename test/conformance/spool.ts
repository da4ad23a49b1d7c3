import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, BrokerError, type Message } from '../../src/broker/broker.ts'
import { SpoolBefore } from '../../src/broker/spool/before.ts'
import { openSpool } from '../../src/broker/spool.ts'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { BrokerHarness, OpenedBroker } from '../../src/testing/broker-harness.ts'
import { MemoryBroker, MemoryService } from './memory-broker.ts'

const LENT_MS = 300

const folder = () => mkdtempSync(join(tmpdir(), 'hookkeeper-spool-'))

const spoolIn = (path: string) => openSpool({ path, clock: systemClock, log: silent, lentMs: LENT_MS })

const nobody = async () => {
  throw new Error('not offered')
}

/** By itself. A kill is played by a copy of the files as they lie on the disk at that moment. */
export const spoolAlone: BrokerHarness = {
  offers: ['restart'],
  version: async () => `SQLite ${process.versions.sqlite}`,
  async open(): Promise<OpenedBroker> {
    const folders = [folder()]
    const brokers = [spoolIn(folders[0] as string)]
    const now = () => brokers.at(-1) as Broker
    const broker: Broker = {
      name: now().name,
      traits: now().traits,
      append: (messages) => now().append(messages),
      receive: (want, signal) => now().receive(want, signal),
      backlog: () => now().backlog(),
      check: () => now().check(),
      close: () => now().close(),
    }
    return {
      broker,
      lentMs: LENT_MS,
      async restart() {
        const copy = folder()
        cpSync(folders.at(-1) as string, copy, { recursive: true })
        folders.push(copy)
        brokers.push(spoolIn(copy))
      },
      another: nobody,
      cut: nobody,
      heal: nobody,
      raw: nobody,
      async close() {
        for (const one of brokers) await one.close()
        for (const one of folders) rmSync(one, { recursive: true })
      },
    }
  },
}

/** Before a broker in memory; `fails` says which of its appends do. */
export const spoolBefore = (fails: (append: number) => boolean = () => false): BrokerHarness => ({
  offers: ['restart', 'cut', 'raw', 'shared'],
  version: async () => `SQLite ${process.versions.sqlite}, memory`,
  async open(): Promise<OpenedBroker> {
    const path = folder()
    const service = new MemoryService([], LENT_MS)
    const opened: Broker[] = []
    const open = () => {
      const inner = failing(new MemoryBroker(service), fails)
      const spool = spoolIn(path)
      opened.push(new SpoolBefore(inner, { spool, clock: systemClock, random: seeded(1), log: silent, slowMs: 500 }))
      return opened.at(-1) as Broker
    }
    return {
      broker: open(),
      lentMs: LENT_MS,
      another: async () => open(),
      restart: async () => service.restart(),
      cut: async () => service.reach(false),
      heal: async () => service.reach(true),
      raw: async (body) => service.add({ id: '', key: '', body, attributes: {} }),
      async close() {
        for (const one of opened) await one.close()
        rmSync(path, { recursive: true })
      },
    }
  },
})

function failing(broker: Broker, fails: (append: number) => boolean): Broker {
  let appends = 0
  return {
    name: broker.name,
    traits: broker.traits,
    async append(messages: readonly Message[]) {
      if (!fails(++appends)) return broker.append(messages)
      return messages.map(() => new BrokerError('unreachable', 'memory: unreachable'))
    },
    receive: (want, signal) => broker.receive(want, signal),
    backlog: () => broker.backlog(),
    check: () => broker.check(),
    close: () => broker.close(),
  }
}
