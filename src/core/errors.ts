/**
 * Every error that a person or a program may meet, with its remedy. `docs/errors.md` is generated from this table and a
 * test holds the two together. `status` is the HTTP status where the error can be an answer; `{name}` is filled in.
 */
const table = {
  // Ingestion: what is wrong with a request.
  method_not_allowed: { status: 405, message: 'This path takes {allowed}, not {method}.', remedy: 'Send a POST.' },
  path_unknown: {
    status: 404,
    message: 'There is nothing at this path.',
    remedy: 'Stripe posts to /webhooks/stripe or /webhooks/stripe/<endpoint>.',
  },
  endpoint_unknown: {
    status: 404,
    message: 'No endpoint of that name is configured.',
    remedy: 'Use /webhooks/stripe, or name an endpoint of the configuration.',
  },
  body_too_large: {
    status: 413,
    message: 'The body is larger than {max} bytes.',
    remedy: 'Raise ingestion.bodyBytesMax if Stripe really sends that much.',
  },
  request_torn: {
    status: 400,
    message: 'The request ended before it was complete.',
    remedy: 'Look at the connection between Stripe and here.',
  },
  request_malformed: {
    status: 400,
    message: 'These bytes are no HTTP request that can be read.',
    remedy: 'Speak HTTP/1.1 here, with either Content-Length or Transfer-Encoding and not both.',
  },
  request_too_slow: {
    status: 408,
    message: 'The request took too long to arrive.',
    remedy: 'Look at the connection between Stripe and here.',
  },
  headers_too_large: {
    status: 431,
    message: 'The headers are larger than {max} bytes.',
    remedy: 'Stripe sends about 500 bytes of headers; look at what a proxy adds.',
  },
  body_empty: { status: 400, message: 'The body is empty.', remedy: 'Point Stripe, not a browser, at this address.' },
  body_not_json: {
    status: 400,
    message: 'The signature is right but the body is not JSON.',
    remedy: 'Look at what changes the body between Stripe and here.',
  },
  body_not_event: {
    status: 400,
    message: 'The signature is right but the body is no Stripe event: {what}.',
    remedy: 'Send Stripe events to this address and nothing else.',
  },
  body_already_parsed: {
    status: 500,
    message: 'The body was parsed before it could be verified: {where}.',
    remedy: '{line}',
  },
  request_foreign: {
    status: 500,
    message:
      "cluster.node takes Node's own request and response; in Fastify: reply.hijack(); await cluster.node(request.raw, reply.raw).",
    remedy: 'Where there is a Request and a Response instead, use cluster.fetch(request).',
  },
  signature_missing: {
    status: 400,
    message: 'There is no Stripe-Signature header.',
    remedy: 'Only Stripe, the Stripe CLI and `hookkeeper trigger` sign their requests.',
  },
  signature_malformed: {
    status: 400,
    message: 'The Stripe-Signature header cannot be read: {what}.',
    remedy: 'A proxy may have rewritten it; the form is t=<seconds>,v1=<64 hex digits>.',
  },
  signature_mismatch: {
    status: 400,
    message: 'No configured secret made this signature.',
    remedy:
      'Compare STRIPE_WEBHOOK_SECRET with the signing secret of this very endpoint (live, sandbox and `stripe listen` each have their own), and let no proxy change the body.',
  },
  timestamp_too_old: {
    status: 400,
    message: 'The signature is older than {max} s.',
    remedy: 'Synchronise the clock of this machine (NTP); a recorded request cannot be sent again.',
  },
  timestamp_in_future: {
    status: 400,
    message: 'The signature is from more than {max} s ahead.',
    remedy: 'Synchronise the clock of this machine (NTP).',
  },
  store_unavailable: {
    status: 503,
    message: 'The event could not be recorded just now.',
    remedy: 'Stripe will send it again. Look at `hookkeeper check` and the log for the store.',
  },
  disk_reserve: {
    status: 503,
    message: 'Less than {reserve} MB of disk are left.',
    remedy: 'Free disk space or shorten retention; Stripe sends the event again.',
  },
  memory_bound: {
    status: 503,
    message: 'More than {max} MB of unrecorded events wait in memory.',
    remedy: 'The store is slower than the stream: look at the disk. Stripe sends the event again.',
  },
  stopping: {
    status: 503,
    message: 'This process is shutting down.',
    remedy: 'Stripe will send it again, to another process.',
  },

  // Configuration and start: what a person has to mend.
  config_unknown: { status: null, message: '{where} has no setting {key}.', remedy: '{suggestion}' },
  config_invalid: { status: null, message: '{where}: {what}.', remedy: 'See docs/config.md.' },
  flag_invalid: {
    status: null,
    message: 'A flag cannot be read: {what}.',
    remedy: '`--help` after the verb lists its flags.',
  },
  config_unreadable: {
    status: null,
    message: '{file} cannot be loaded: {what}.',
    remedy: 'Mend the file, or name another.',
  },
  database_unknown: {
    status: null,
    message: 'DATABASE_URL cannot be {url}: {what}.',
    remedy:
      'Write sqlite: and a path, such as sqlite:.hookkeeper/hookkeeper.db; `--database` goes over a DATABASE_URL that is your own.',
  },
  secret_missing: {
    status: null,
    message: 'No webhook secret is configured: nothing could be verified, nor signed where it is forwarded.',
    remedy: 'Set STRIPE_WEBHOOK_SECRET to the whsec_... of your endpoint (`stripe listen` prints one).',
  },
  secret_invalid: {
    status: null,
    message: '{where} is not a webhook secret: {what}.',
    remedy: "It begins with whsec_ and is copied whole from the endpoint's page in the Dashboard.",
  },
  private_unprotected: {
    status: null,
    message: 'The private listener would be open to {host} without authentication.',
    remedy: 'Set HOOKKEEPER_API_TOKEN, or keep CONSOLE_HOST on 127.0.0.1.',
  },
  port_taken: {
    status: null,
    message: 'Port {port} is taken by another process.',
    remedy: 'Stop it, or set {setting} to another port.',
  },
  node_too_old: {
    status: null,
    message: 'Hookkeeper needs Node 24 (or 22.16 and later with SQLite 3.51.3); this is {version}.',
    remedy: 'Install a newer Node.',
  },
  sqlite_too_old: {
    status: null,
    message: 'SQLite {version} can lose committed writes in WAL mode; 3.51.3 or later is needed.',
    remedy: 'Install Node 24.',
  },
  ledger_in_use: {
    status: null,
    message: 'Another process (pid {pid}) already keeps {path}.',
    remedy: 'Stop it first, or speak to it: every other verb does so by itself.',
  },
  ledger_twice: {
    status: null,
    message:
      'This process already keeps {path}: a module that starts a cluster was evaluated twice, or two clusters name one ledger.',
    remedy:
      'Make it with globalCluster(() => { ... return cluster }), which keeps one per process; see docs/quick-starts.md.',
  },
  ledger_foreign: {
    status: null,
    message: '{path} is not a ledger of Hookkeeper: {what}.',
    remedy: 'Set DATABASE_URL to another file.',
  },
  schema_newer: {
    status: null,
    message: '{path} was written by a much newer Hookkeeper (schema {found}; this program knows {known}).',
    remedy: 'Start the newer version, or the one before it.',
  },
  disk_ephemeral: {
    status: 503,
    message: 'A SQLite ledger would be lost on {platform}, where files go with the machine.',
    remedy:
      'Set DATABASE_URL to a Postgres database, or, where the ledger lies on a mounted volume, HOOKKEEPER_DISK=durable.',
  },
  restore_future: {
    status: null,
    message: 'No back-up can be from {from}, which lies in the future.',
    remedy: 'Give the instant at which the back-up was made.',
  },
  schema_older: {
    status: null,
    message: '{path} has schema {found} of a ledger; this program needs {known}.',
    remedy: 'Run `hookkeeper migrate` once, or start with `hookkeeper up --migrate`.',
  },
  postgres_unfit: { status: null, message: '{what}', remedy: '{remedy}' },
  handler_twice: {
    status: null,
    message: 'Two handlers are named {name}.',
    remedy: "Give the second one a name: cluster.on(pattern, { name: '...' }, handler).",
  },
  handler_invalid: {
    status: null,
    message: '{what}.',
    remedy: "cluster.on(type | types | 'invoice.*', options?, handler).",
  },
  broker_unknown: {
    status: null,
    message: 'BROKER_URL cannot be {url}: {what}.',
    remedy: 'docs/brokers.md has an example of each.',
  },
  broker_unfit: {
    status: null,
    message: '{what} With --require-durable nothing starts so.',
    remedy: '{remedy}',
  },
  spool_ephemeral: {
    status: 503,
    message: 'A spool would be lost on {platform}, where files go with the machine.',
    remedy:
      'Do without HOOKKEEPER_SPOOL there; or put it on a mounted volume that stays, and set HOOKKEEPER_DISK=durable.',
  },
  peer_missing: {
    status: null,
    message: '{feature} needs the package {name}, which is not installed.',
    remedy: 'npm install {name}',
  },

  // Redis, as a broker and for locks.
  redis_url: {
    status: null,
    message: 'The URL of a Redis is not understood: {what}.',
    remedy:
      'redis://host:6379?stream=hookkeeper, redis+sentinel://a:26379,b:26379/master, or redis+cluster://a:6379,b:6379.',
  },
  lock_urls: { status: null, message: '{what}.', remedy: 'LOCK_URLS=redis://a:6379,redis://b:6379,redis://c:6379' },
  // Kafka as the broker.
  kafka_url: {
    status: null,
    message: 'BROKER_URL is no address of a Kafka topic: {what}.',
    remedy:
      'Write kafka://host:9092,host:9092/topic or kafka+ssl://user:password@host:9093/topic?mechanism=scram-sha-512.',
  },

  // Work: what a handler's author may meet.
  stale_lease: {
    status: 409,
    message: 'The lease of this event is no longer ours (fence {fence}).',
    remedy: 'Nothing: another attempt has the event, and what this one wrote was refused.',
  },
  transaction_too_long: {
    status: null,
    message: 'The transaction took {took} ms; at most {max} ms are allowed, so it was rolled back.',
    remedy: 'Compute first, then write; the ledger waits meanwhile.',
  },
  transaction_async: {
    status: null,
    message: 'The function given to transaction() returned a promise, so it was rolled back.',
    remedy: 'Write synchronously: await before the transaction, not inside it.',
  },
  transaction_denied: {
    status: null,
    message: "A handler's transaction may not {what}, so it was rolled back.",
    remedy: 'Write to your own tables; begin and commit are ours.',
  },
  transaction_twice: {
    status: null,
    message: 'The handler {handler} called transaction() a second time in one attempt.',
    remedy: 'Do all writes in one: the first has committed that the handler is done.',
  },
  transaction_unavailable: {
    status: null,
    message: 'transaction() needs the embedded SQLite ledger.',
    remedy: 'With Postgres use settleIn(), with another database onceIn().',
  },
  tx_not_begun: {
    status: null,
    message: '{what} is in no transaction.',
    remedy: '{remedy}',
  },
  tx_unknown: {
    status: null,
    message: 'No transaction is known in what was given as one: {what}.',
    remedy: "Pass your client's transaction (docs/transactions.md), or an object with dialect and query(sql, values).",
  },
  settle_in_unavailable: {
    status: null,
    message: 'settleIn() needs a Postgres ledger.',
    remedy: 'With the embedded SQLite ledger use transaction(), with business data elsewhere onceIn().',
  },
  settle_in_elsewhere: {
    status: null,
    message: "settleIn() was given a transaction of {dialect}, not of the ledger's Postgres.",
    remedy: 'Use onceIn() there.',
  },
  settle_in_rolled_back: {
    status: null,
    message: 'The handler {handler} returned, and the transaction that it gave to settleIn() was not committed.',
    remedy: 'Await the commit before returning, and let what rolls back throw.',
  },
  handler_timeout: {
    status: null,
    message: 'The handler took longer than {ms} ms.',
    remedy: 'Raise timeoutMs, or pass context.signal on to what it waits for.',
  },
  destination_failed: {
    status: null,
    message: '{host} answered {status}.',
    remedy: "Look at the destination's own log for this event.",
  },
  destination_unreachable: {
    status: null,
    message: '{host} could not be reached: {code}.',
    remedy: 'Is it running, and is the address right?',
  },
  destination_breaker: {
    status: null,
    message: '{host} failed too often; nothing is sent to it for {ms} ms.',
    remedy: 'Nothing: it is tried again by itself.',
  },

  // Rehearsals.
  rehearsal_refused: {
    status: null,
    message: 'A rehearsal does not reach {what}.',
    remedy: '`--allow host:port` opens one address; what an effect would have done is then really done there.',
  },
  rehearsal_empty: {
    status: null,
    message: 'There are no handlers to rehearse.',
    remedy: 'Set `handlers` in the config file, or `--handlers`.',
  },
  rehearsal_no_room: {
    status: null,
    message: 'A copy of the ledger needs {needed} MB, and {free} MB of disk are free at {path}.',
    remedy: 'Free some disk, or name a folder elsewhere with --dir.',
  },
  rehearsal_broken: {
    status: null,
    message: 'The process that rehearses ended before it had begun: {what}.',
    remedy: "Load the handlers' module by itself and see: node <file>.",
  },

  // The private listener: what an operator or a program may meet.
  unauthorized: {
    status: 401,
    message: 'This listener wants a token.',
    remedy: 'Send Authorization: Bearer <HOOKKEEPER_API_TOKEN>.',
  },
  host_refused: {
    status: 403,
    message: 'This listener does not answer to that host name.',
    remedy: 'Use 127.0.0.1 or localhost, or add the name to console.hosts.',
  },
  origin_refused: {
    status: 403,
    message: 'A page of another site may not act here.',
    remedy: 'Call the API from a program, with the token.',
  },
  route_unknown: {
    status: 404,
    message: 'There is no {method} {path} here.',
    remedy: 'GET /api/v1/openapi.json lists what there is.',
  },
  content_type_refused: {
    status: 415,
    message: 'This route takes JSON, not {type}.',
    remedy: 'Send Content-Type: application/json.',
  },
  input_too_large: {
    status: 413,
    message: 'The input is larger than {max} bytes.',
    remedy: 'Select by filters instead of by ids, or in several calls.',
  },
  tails_full: {
    status: 503,
    message: '{max} tails are open, which is as many as there may be.',
    remedy: 'Close one.',
  },
  unexpected: {
    status: 500,
    message: 'This went wrong in Hookkeeper, not in what you sent.',
    remedy: "Look at the log of this process at this moment; it names the error's class.",
  },
  query_invalid: { status: 400, message: '{what}.', remedy: 'GET /api/v1/openapi.json lists the parameters.' },
  event_unknown: {
    status: 404,
    message: 'There is no event {id}.',
    remedy: 'It may never have arrived here, or be past retention.',
  },
  event_ambiguous: {
    status: 409,
    message: 'Several tenants have an event {id}: {tenants}.',
    remedy: 'Say which with account, connected and livemode.',
  },
  body_gone: {
    status: 410,
    message: 'The body of {id} is past retention.',
    remedy: 'Raise retention.bodyDays for the future; Stripe lists events for 30 days.',
  },
  action_unknown: { status: 404, message: 'There is no action {name}.', remedy: 'There are: {names}.' },
  action_input: {
    status: 400,
    message: '{what}.',
    remedy: 'GET /api/v1/openapi.json describes the input of each action.',
  },
  action_refused: { status: 409, message: '{what}.', remedy: '{remedy}' },
  control_unknown: {
    status: 404,
    message: 'There is no live control {id}.',
    remedy: 'GET /api/v1/status lists them; controls expire by themselves.',
  },
  not_running: {
    status: null,
    message: 'No running Hookkeeper was found for {path}.',
    remedy: 'Start it with `hookkeeper up`, or name its ledger with --database.',
  },
  store_failed: {
    status: 503,
    message: 'The ledger could not be written: {what}.',
    remedy: 'Look at the disk or the database; nothing that was acknowledged is lost.',
  },
  backup_exists: {
    status: 409,
    message: '{path} is there already.',
    remedy: 'Name a file that is not there yet; a back-up never goes over another.',
  },
  backup_elsewhere: {
    status: 409,
    message: 'A ledger in Postgres is backed up with the database that it is in.',
    remedy: 'Use pg_dump, or base back-ups with an archive of the write-ahead log (point-in-time recovery).',
  },
  store_closed: { status: 503, message: 'The ledger is closed.', remedy: 'Start the process again.' },

  // The vault: where its keys are, and what they open.
  vault_master_unfit: {
    status: null,
    message: 'The vault finds no master key in {place}: {what}.',
    remedy: '{remedy}',
  },
  vault_master_unknown: {
    status: null,
    message: "The vault's key of {day} was wrapped by the master key {id}, which is not in {place}.",
    remedy: 'Write that master key below the present one again: it is needed until what was sealed that day is gone.',
  },
  vault_key_damaged: {
    status: null,
    message: "The vault's key of {day} is not as it was wrapped: {place} refuses it.",
    remedy:
      'Put the row of that day in hookkeeper_edge_keys back from a back-up; nothing else opens what was sealed then.',
  },
  vault_keyless: {
    status: null,
    message: 'The vault has no key for {day}.',
    remedy: 'Keys are made two days ahead: look why since then the ledger or {place} could not be reached.',
  },
  vault_ledger: {
    status: null,
    message: 'The vault needs its keys from the ledger at the start, also where events only go into a broker: {what}',
    remedy: 'Start it when the ledger is there; while it runs it bears two days without.',
  },
  vault_kms_failed: {
    status: null,
    message: 'AWS KMS did not {what} with {key}: {error}.',
    remedy:
      'The process needs credentials that may kms:Encrypt and kms:Decrypt with that key, its region, and a way to KMS.',
  },
} as const satisfies Record<string, { status: number | null; message: string; remedy: string }>

export type ErrorCode = keyof typeof table
export const ERRORS: Readonly<Record<ErrorCode, { status: number | null; message: string; remedy: string }>> = table

/** An error with a stable `code`, a sentence and a remedy. `cause` keeps what was underneath. */
export class HookkeeperError extends Error {
  override name = 'HookkeeperError'
  readonly code: ErrorCode
  readonly remedy: string
  readonly status: number | null
  /** What filled the sentence: enough to make the same error again on the other side of a thread. */
  readonly values: Readonly<Record<string, string | number>>

  constructor(code: ErrorCode, values: Readonly<Record<string, string | number>> = {}, options?: ErrorOptions) {
    super(fill(ERRORS[code].message, values), options)
    this.code = code
    this.remedy = fill(ERRORS[code].remedy, values)
    this.status = ERRORS[code].status
    this.values = values
  }
}

/** The error of that code; `values` fill the placeholders of its sentence. */
export function failure(
  code: ErrorCode,
  values?: Readonly<Record<string, string | number>>,
  options?: ErrorOptions,
): HookkeeperError {
  return new HookkeeperError(code, values, options)
}

export const hasCode = (error: unknown, code: ErrorCode): error is HookkeeperError =>
  error instanceof Error && 'code' in error && error.code === code

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
