import type { Finding } from '../store.ts'
import type { Sql } from './driver.ts'
import { TRANSPLANTED } from './transplanted.ts'

const OLDEST = 15
const SKEW_WARN_MS = 2_000

/** What an operator should know of this server: what is not durable is refused, what is odd is told. */
export async function checkPostgres(sql: Sql, now: () => number): Promise<Finding[]> {
  const before = now()
  const [found] = await sql.again<Found>(FOUND)
  const skewMs = Math.round(found!.clock - (before + now()) / 2)
  return [...serverFindings(found!), ...durability(found!), ...rights(found!), ...clock(skewMs)]
}

/** What makes it pointless to begin. */
export const refusals = (findings: readonly Finding[]): Finding[] => findings.filter(({ level }) => level === 'refuse')

interface Found {
  readonly version: number
  readonly shown: string
  readonly recovering: boolean
  readonly readonly: boolean
  readonly fsync: string
  readonly commit: string
  readonly pages: string
  readonly missing: readonly string[] | null
  readonly creates: boolean
  readonly lz4: boolean
  readonly clock: number
  readonly transplanted: boolean
  readonly held: number | null
}

const FOUND = `
select current_setting('server_version_num')::int4 / 10000 as version, current_setting('server_version') as shown,
  pg_is_in_recovery() as recovering, current_setting('transaction_read_only') = 'on' as readonly,
  current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
  current_setting('full_page_writes') as pages,
  (select array_agg(t || ' ' || p) from unnest(array['queue', 'seen', 'bodies', 'history', 'buckets', 'members', 'news', 'objects']) t,
    unnest(array['select', 'insert', 'update', 'delete']) p
    where not has_table_privilege('hookkeeper_' || t, p)) as missing,
  has_schema_privilege(current_schema(), 'create') as creates,
  exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) as lz4,
  extract(epoch from clock_timestamp()) * 1000.0::float8 as clock,
  ${TRANSPLANTED} as transplanted,
  (select extract(epoch from max(clock_timestamp() - xact_start))::int4 from pg_stat_activity
    where backend_xmin is not null and pid <> pg_backend_pid() and state like 'idle in transaction%') as held`

const ok = (what: string): Finding => ({ level: 'ok', what, remedy: null })
const warn = (what: string, remedy: string): Finding => ({ level: 'warn', what, remedy })
const refuse = (what: string, remedy: string): Finding => ({ level: 'refuse', what, remedy })

function serverFindings({ version, shown, recovering, readonly, transplanted }: Found): Finding[] {
  if (version < OLDEST)
    return [refuse(`The ledger is in PostgreSQL ${shown}; ${OLDEST} or later is needed.`, 'Upgrade the server.')]
  if (recovering || readonly)
    return [
      refuse('This Postgres takes no writes: it is a standby, or read-only.', 'Point DATABASE_URL at the primary.'),
    ]
  if (transplanted)
    return [
      refuse(
        'The ledger was copied from another server by a dump: its transaction numbers are ahead of this server.',
        'Stop all processes and run `hookkeeper migrate`, which sets them right.',
      ),
    ]
  return [ok(`The ledger is in PostgreSQL ${shown}.`)]
}

function durability({ fsync, commit, pages }: Found): Finding[] {
  const off = [['fsync', fsync] as const, ['full_page_writes', pages] as const].filter(([, value]) => value === 'off')
  const findings = off.map(([name]) =>
    refuse(`${name} is off: a crash of the server would lose or break what was acknowledged.`, `Set ${name} = on.`),
  )
  if (commit === 'off')
    findings.push(
      refuse(
        'synchronous_commit is off: a crash of the server would lose events that were answered with 200.',
        'Set synchronous_commit = on for this database or role.',
      ),
    )
  if (commit === 'local')
    findings.push(
      warn(
        'synchronous_commit is local: a fail-over to a standby may lose events that were answered with 200.',
        'Set synchronous_commit = on if the standby is to have them.',
      ),
    )
  return findings
}

function rights({ missing, creates, lz4, held }: Found): Finding[] {
  const findings: Finding[] = []
  if (missing) findings.push(refuse(`This role may not: ${missing.join(', ')}.`, 'Grant it, or connect as the owner.'))
  if (!creates)
    findings.push(
      refuse('This role may not create tables, and each day has its own.', 'Grant create on the schema to this role.'),
    )
  if (!lz4) findings.push(warn('This server has no lz4: bodies are stored as they are.', 'Use a build with lz4.'))
  if (held !== null && held > HELD_WARN_S)
    findings.push(
      warn(
        `A session has been idle in a transaction for ${held} s: dead rows cannot be removed meanwhile.`,
        'End it, or set idle_in_transaction_session_timeout.',
      ),
    )
  return findings
}

const HELD_WARN_S = 300

const clock = (skewMs: number): Finding[] =>
  Math.abs(skewMs) < SKEW_WARN_MS
    ? []
    : [
        warn(
          `The clock of this machine is ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'behind' : 'ahead of'} the server's.`,
          "Synchronise both (NTP). The ledger goes by the server's; signatures are judged by this machine's.",
        ),
      ]
