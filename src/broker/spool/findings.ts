import type { Finding } from '../broker.ts'

export const onEphemeralDisk = (path: string, platform: string): Finding => ({
  level: 'wrong',
  what: `The spool in ${path} would be lost on ${platform}, where files go with the machine.`,
  remedy: 'Do without HOOKKEEPER_SPOOL there, or put it on a volume that stays and set HOOKKEEPER_DISK=durable.',
})

/** Two minutes of 1,000 events/s with bodies of 9 KB. */
export const FREE_BYTES = 1_073_741_824

export const fullSoon = (path: string, free: number): Finding => ({
  level: 'worth',
  what: `${Math.round(free / 2 ** 20)} MB of disk are left for the spool in ${path}; when it is full, deliveries get 503.`,
  remedy: 'Free disk space, or put HOOKKEEPER_SPOOL on a larger disk.',
})

/** They are on the disk and in no danger, but where nobody works events nobody takes them from there. */
export const tooLarge = (path: string, count: number): Finding => ({
  level: 'worth',
  what: `In the spool in ${path} lie messages that are larger than the broker takes, ${count} of them; a drain takes them from there.`,
  remedy: 'Give this process the role processing as well, or let the broker take larger messages and start it again.',
})
