import { z } from 'zod'
import { defaultRetry } from '../core/backoff.ts'
import { duration, instant, leaf, listOf, oneOf, positive, size, text, texts, url, whole, yesNo } from './leaves.ts'
import { type AccountInput, account } from './secrets.ts'

export const ROLES = ['ingestion', 'processing'] as const
export type Role = (typeof ROLES)[number]

/** What is known of a setting beside its kind. Without `env` its variable is HOOKKEEPER_ and its path. */
export interface Note {
  readonly about: string
  readonly env?: string
  readonly flag?: string
  readonly secret?: boolean
}

export const notes = z.registry<Note>()

const DAYS_MAX = 3650

/** Every setting with its default. `docs/config.md` is made from it, so is what `defineConfig` accepts. */
export const schema = z.strictObject({
  databaseUrl: text().default('sqlite:.hookkeeper/hookkeeper.db').register(notes, {
    env: 'DATABASE_URL',
    flag: '--database <url>',
    about:
      'The ledger: `sqlite:` and a path, relative to the working directory; or `postgres://user@host/database`, which many processes may share.',
  }),
  databaseDirectUrl: text().nullable().default(null).register(notes, {
    env: 'DATABASE_DIRECT_URL',
    secret: true,
    about: 'Where `databaseUrl` leads through a pooler: the same database without it, for wake-ups and migrations.',
  }),
  disk: oneOf(['auto', 'durable']).default('auto').register(notes, {
    about:
      '`auto`: a ledger in SQLite refuses to start on Lambda, Vercel, Netlify, Cloud Run, Azure Functions and Heroku, where files go with the machine. `durable`: it lies on a volume that stays.',
  }),
  migrate: oneOf(['auto', 'apply']).default('auto').register(notes, {
    about:
      '`apply`: a start brings the ledger up to date, whatever that costs (`up --migrate`). `auto`: only SQLite, and only what rewrites no rows; anything else is the business of `hookkeeper migrate`.',
  }),
  restoredFrom: instant().nullable().default(null).register(notes, {
    flag: '--restored-from <instant>',
    about:
      'Once, after a back-up of that instant was put back: holds all that is open in it and all that Stripe made before this start, until `do release` or `do record`. See docs/guarantees.md.',
  }),
  broker: z
    .strictObject({
      url: text().nullable().default(null).register(notes, {
        env: 'BROKER_URL',
        secret: true,
        about:
          'What takes events in front of the ledger: `redis://`, `rediss://`, `redis+sentinel://`, `redis+cluster://`; `kafka://host:port/topic`, `kafka+ssl://`; `sqs://` or the URL of a queue; `pubsub://project/topic/subscription`; `spool:path` for one process. Unset: they go straight into the ledger. See docs/brokers.md.',
      }),
      trusted: yesNo().default(false).register(notes, {
        about:
          "Messages that Hookkeeper did not write are Stripe's events, bare or in Amazon EventBridge's envelope. Only where nobody else can write into the broker: no signature comes with them. Else they are kept as strays.",
      }),
      requireDurable: yesNo().default(false).register(notes, {
        flag: '--require-durable',
        about: 'Refuses to start where the broker is set so that it can lose what it took.',
      }),
      spool: text().nullable().default(null).register(notes, {
        env: 'HOOKKEEPER_SPOOL',
        about:
          'A folder on a disk that stays: what the broker does not take in time is kept there, synced, and brought to it when it is back. Unset: such deliveries get 503.',
      }),
      lentMs: duration('ms', 1_000, 43_200_000).default(60_000).register(notes, {
        about:
          'What was received and is not in the ledger by then comes again. Longer than the ledger may take, shorter than you want to wait after a crash.',
      }),
    })
    .prefault({}),
  handlers: text().nullable().default(null).register(notes, {
    flag: '--handlers <file>',
    about: 'The module whose default export, called with the cluster, registers your handlers.',
  }),
  roles: listOf(ROLES).default(ROLES).register(notes, {
    flag: '--role <roles>',
    about: 'What this process does.',
  }),
  accounts: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/i), account)
    .prefault({})
    .register(notes, {
      secret: true,
      env: 'STRIPE_WEBHOOK_SECRET, STRIPE_SECRET_KEY',
      about:
        'Your Stripe accounts: `{ eu: { secretKey, webhookSecrets } }`. The two variables fill the account `default`. `webhookSecrets` is a secret, a list of them (rotation), or `{ name: secret }`, which makes the endpoints `eu/name`. A secret may be `{ file: path }`. Of `secretKey` only the mode (live or test) matters.',
    }),
  livemode: oneOf(['key', 'both']).default('key').register(notes, {
    about:
      "`key`: events of the other mode than the account's secret key are recorded, not worked. `both`: all are worked.",
  }),
  ingestion: z
    .strictObject({
      host: text().default('0.0.0.0').register(notes, { about: 'The public listener binds to it.' }),
      port: whole(0, 65_535).default(4242).register(notes, {
        env: 'PORT',
        flag: '--port <port>',
        about: 'The public listener; 0 takes a free one.',
      }),
      bodyBytesMax: size('bytes', 65_536, 67_108_864).default(1_048_576).register(notes, {
        about: 'A larger body gets 413. Stripe publishes no limit; 1 MiB holds all that is known.',
      }),
      connectionsMax: whole(1, 1_000_000).default(4096).register(notes, {
        about: 'More open connections than that are closed at once.',
      }),
      requestMs: duration('ms', 100, 600_000).default(30_000).register(notes, {
        about: 'A request has to be whole by then, or it is cut off.',
      }),
      keepAliveMs: duration('ms', 0, 600_000).default(65_000).register(notes, {
        about: 'An idle connection is kept that long: longer than the load balancer in front keeps it.',
      }),
      memoryMb: size('MB', 1, 65_536).default(64).register(notes, {
        about: 'More unrecorded bytes than that wait for the disk: 503, and Stripe sends again.',
      }),
      diskReserveMb: size('MB', 0, 1_000_000).default(256).register(notes, {
        about: 'With less disk left: 503, so that what is recorded can still be worked.',
      }),
      toleranceS: duration('s', 1, 86_400).default(300).register(notes, {
        about: 'How far the signature may be from our clock, in both directions.',
      }),
    })
    .prefault({}),
  console: z
    .strictObject({
      host: text().default('127.0.0.1').register(notes, {
        env: 'CONSOLE_HOST',
        about: 'The private listener (API, metrics, health) binds to it. Off loopback a token has to be set.',
      }),
      port: whole(0, 65_535).default(4243).register(notes, {
        env: 'CONSOLE_PORT',
        flag: '--console-port <port>',
        about: 'The private listener; 0 takes a free one.',
      }),
      token: text().nullable().default(null).register(notes, {
        env: 'HOOKKEEPER_API_TOKEN',
        secret: true,
        about: 'What API clients have to send as `Authorization: Bearer`. Unset: on loopback nothing is asked for.',
      }),
      hosts: texts().default([]).register(notes, {
        about: 'Host names, beside loopback ones, that the private listener answers to.',
      }),
    })
    .prefault({}),
  processing: z
    .strictObject({
      concurrency: whole(1, 10_000).default(32).register(notes, {
        about: 'Events worked at once in this process, each of another lane.',
      }),
      handlerMs: duration('ms', 10, 86_400_000).default(30_000).register(notes, {
        about: 'A handler that takes longer is aborted and tried again, unless it has a `timeoutMs` of its own.',
      }),
      drainMs: duration('ms', 0, 600_000).default(7000).register(notes, {
        about: 'What handlers get to finish on SIGTERM: less than your orchestrator waits before it kills.',
      }),
      passMs: duration('ms', 10, 3_600_000).default(10_000).register(notes, {
        about: '`workFor()`, and what goes on after an answer by `waitUntil`: nothing is begun after that time.',
      }),
      passMax: whole(1, 100_000).default(100).register(notes, {
        about: 'The same: no more events than that are begun.',
      }),
      retry: z
        .strictObject({
          attempts: whole(1, 1000).default(defaultRetry.attempts).register(notes, {
            about: 'After that many attempts an event is dead (`exhausted`).',
          }),
          baseMs: duration('ms', 1, 86_400_000).default(defaultRetry.baseMs).register(notes, {
            about: 'Ceiling of the first delay; the delay is a random share of it.',
          }),
          factor: positive(1, 100).default(defaultRetry.factor).register(notes, {
            about: 'Each ceiling is that many times the one before.',
          }),
          maxMs: duration('ms', 1, 604_800_000).default(defaultRetry.maxMs).register(notes, {
            about: 'No ceiling is higher.',
          }),
        })
        .prefault({}),
      retryBudget: positive(0.001, 1000).default(0.1).register(notes, {
        about:
          "Of a handler's recent first attempts in this process, so many retries a second, and never fewer than ten: what is over that comes later. See docs/states.md.",
      }),
    })
    .prefault({}),
  lock: z
    .strictObject({
      urls: texts().default([]).register(notes, {
        env: 'LOCK_URLS',
        secret: true,
        about:
          'One lock a lane around the work: `redis://` of one Redis for a plain lock, or of three or more that do not depend on each other for a quorum (Redlock). Unset: leases and fences alone. See docs/guarantees.md.',
      }),
      whenLost: oneOf(['wait', 'fence-only']).default('wait').register(notes, {
        about:
          'While too few of them answer. `wait`: events are taken and none is worked. `fence-only`: they are worked without locks.',
      }),
    })
    .prefault({}),
  retention: z
    .strictObject({
      bodyDays: duration('days', 1, DAYS_MAX).default(30).register(notes, {
        about: 'How long the bodies of done events are kept.',
      }),
      eventDays: duration('days', 1, DAYS_MAX).default(90).register(notes, {
        about: 'How long an event and its id are known; at least 35, or Stripe could repeat one that was forgotten.',
      }),
    })
    .prefault({}),
  forward: z
    .strictObject({
      to: url().nullable().default(null).register(notes, {
        flag: '--forward-to <url>',
        about: 'Gateway without code: each event is posted there, signed anew.',
      }),
      secondary: url().nullable().default(null).register(notes, {
        flag: '--forward-secondary <url>',
        about: 'Takes the events while a `reroute` is live.',
      }),
      secret: text().nullable().default(null).register(notes, {
        secret: true,
        about: 'Signs what is forwarded. Unset: the first webhook secret, so that the code behind verifies unchanged.',
      }),
      timeoutMs: duration('ms', 10, 600_000).default(25_000).register(notes, {
        about: 'A destination has to answer by then.',
      }),
      concurrency: whole(1, 10_000).default(16).register(notes, {
        about: 'Requests at once to one destination.',
      }),
      rate: z
        .strictObject({
          perSecond: positive(0.001, 100_000).nullable().default(null).register(notes, {
            about:
              'Requests a second to one destination, from one process; what is over that waits in the ledger, with no attempt spent. Unset: no limit.',
          }),
          burst: whole(1, 100_000).nullable().default(null).register(notes, {
            about: 'After a rest so many may go at once. Unset: those of one second.',
          }),
        })
        .prefault({}),
    })
    .prefault({}),
  tls: z
    .strictObject({
      certFile: text().nullable().default(null).register(notes, {
        env: 'TLS_CERT_FILE',
        about: 'Certificate chain (PEM) of the public listener; read again on SIGHUP.',
      }),
      keyFile: text()
        .nullable()
        .default(null)
        .register(notes, { env: 'TLS_KEY_FILE', about: 'Its private key (PEM).' }),
    })
    .prefault({}),
  trustProxy: leaf<boolean | 0 | 1 | 'true' | 'false', 0 | 1>('true or false', proxies).default(0).register(notes, {
    env: 'TRUST_PROXY',
    about: '`true` only behind a proxy that writes X-Forwarded-For: the last entry is then the address of the sender.',
  }),
  vault: text().nullable().default(null).register(notes, {
    about:
      'Where the master key of the vault is; set, bodies in brokers and the spool are encrypted. `file:/path`, `env:NAME`, or `kms:` and the ARN or `alias/name` of a key in AWS KMS. See docs/security.md.',
  }),
  vaultDays: duration('days', 1, DAYS_MAX).default(14).register(notes, {
    about:
      "The key of a day is destroyed so many days after it: longer than the broker keeps a message. While the broker's oldest message is older, its key stays.",
  }),
  release: text().nullable().default(null).register(notes, {
    about: 'The code that runs, kept with each attempt. Unset: the git commit, else name and version of your package.',
  }),
  log: z
    .strictObject({
      level: oneOf(['debug', 'info', 'warn', 'error']).default('info').register(notes, {
        env: 'LOG_LEVEL',
        flag: '--log-level <level>',
        about: 'What is less important is not written.',
      }),
      format: oneOf(['auto', 'text', 'json']).default('auto').register(notes, {
        env: 'LOG_FORMAT',
        about: '`auto`: readable lines on a terminal, else one JSON object a line.',
      }),
    })
    .prefault({}),
})

export type Settings = z.output<typeof schema>
export type ConfigInput = Omit<z.input<typeof schema>, 'accounts'> & {
  readonly accounts?: Readonly<Record<string, AccountInput>>
}

function proxies(value: unknown): 0 | 1 | undefined {
  if (['true', '1'].includes(String(value))) return 1
  return ['false', '0'].includes(String(value)) ? 0 : undefined
}
