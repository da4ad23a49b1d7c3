-- Which schema this is: one row.
create table hookkeeper_schema (
  version int not null,
  at timestamptz not null default now()
);

-- Live processes. Seen by the server's own clock, so that no two machines compare theirs.
create table hookkeeper_members (
  id text primary key,
  name text not null,
  seen timestamptz not null,
  works boolean not null,    -- it leases, so it wants buckets
  counts jsonb               -- what waits in its buckets, as it last counted
);

-- Lanes fall into buckets by a hash; who owns a bucket decides which of its events is leased next. `epoch` rises with each
-- change of hands; `fence` is above every fence given.
create table hookkeeper_buckets (
  bucket int primary key,
  owner text,                -- a member's id
  epoch bigint not null default 0,
  fence bigint not null default 0
);
insert into hookkeeper_buckets (bucket) select generate_series(0, 15);

-- One row per id for as long as Stripe could send it again: what is known of an event, written once.
create table hookkeeper_seen (
  day int not null,          -- of created, in days since 1970: an id always has the same
  id text not null,
  tenant text not null,
  bucket int not null,
  n bigint not null,
  tx xid8 not null default pg_current_xact_id(),
  arrived bigint not null,   -- us
  type text not null,
  api_version text,
  endpoint text not null,
  via smallint not null,
  created bigint not null,   -- ms
  lane text not null,
  object text,
  customer text,
  rank smallint not null,
  urgency smallint not null,
  recorded boolean not null, -- never to be worked
  primary key (day, id, tenant)
) partition by range (day);
create index hookkeeper_seen_ref on hookkeeper_seen (bucket, n);
create index hookkeeper_seen_arrival on hookkeeper_seen (tx, arrived);
create index hookkeeper_seen_object on hookkeeper_seen (object) where object is not null;
create index hookkeeper_seen_subject on hookkeeper_seen (substr(lane, strpos(lane, ':') + 1));
-- Only those whose lane is not their customer's own.
create index hookkeeper_seen_customer on hookkeeper_seen (customer)
  where customer is not null and customer <> substr(lane, strpos(lane, ':') + 1);

-- Written once, never updated: updating the row that holds a body would write it again.
create table hookkeeper_bodies (
  day int not null,
  bucket int not null,
  n bigint not null,
  body bytea not null,
  primary key (day, bucket, n)
) partition by range (day);

-- Live rows only: what waits, runs or is dead. Found by (bucket, n); no lease scans it.
create table hookkeeper_queue (
  bucket int not null,
  n bigint not null,
  day int not null,
  born xid8 not null default pg_current_xact_id(),
  tx xid8 not null default pg_current_xact_id(), -- of the last change that its bucket's owner has to hear of
  arrived bigint not null,
  rev int not null default 0,    -- rises with every change: who writes says which one it has seen
  state smallint not null default 0,
  held boolean not null,
  strict boolean not null default false,
  attempts int not null default 0,
  lost int not null default 0,
  due bigint not null,
  ends bigint not null default 0,
  later bigint not null default 0,
  fence bigint not null default 0,
  place bigint not null,         -- order within the lane
  lane bigint not null,          -- hash
  tenant text not null,
  type text not null,
  urgency smallint not null,
  holder text,                   -- the member that has it leased
  worker text,
  release text,
  leased bigint,
  ended bigint,
  reason text,
  twin text,
  memory text,                   -- JSON; a jsonb refuses some strings
  returned text[] not null default '{}', -- handlers that are done
  primary key (bucket, n)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index hookkeeper_queue_news on hookkeeper_queue (bucket, tx);
create index hookkeeper_queue_dead on hookkeeper_queue (born, arrived) where state = 3;

-- What left the queue by another hand than its owner's.
create table hookkeeper_news (
  bucket int not null,
  n bigint not null,
  day int not null,
  tx xid8 not null default pg_current_xact_id(),
  at timestamptz not null default now()
);
create index hookkeeper_news_tx on hookkeeper_news (bucket, tx);

-- Append-only: what happened to whom. The last line of an event that has left the queue says how it ended.
create table hookkeeper_history (
  day int not null,
  bucket int not null,
  n bigint not null,
  tx xid8 not null default pg_current_xact_id(),
  k bigint not null,             -- order within a transaction
  kind smallint not null,
  at bigint not null,
  fence bigint not null,
  attempt int,
  lost int,
  due bigint,
  later bigint,
  worker text,
  release text,
  reason text,
  data text                      -- JSON
) partition by range (day);
create index hookkeeper_history_ref on hookkeeper_history (bucket, n);
create index hookkeeper_history_tx on hookkeeper_history (tx, k);

-- The lane that a Stripe object keeps.
create table hookkeeper_objects (
  object text not null,
  tenant text not null,
  lane text not null,
  lane_hash bigint not null,
  bucket int not null,
  day int not null,              -- when it was last known to be alive, to the month
  primary key (object, tenant)
);

create table hookkeeper_strays (
  id bigint generated always as identity primary key,
  at bigint not null,
  source text not null,
  why text not null,
  bytes bytea not null
);

create table hookkeeper_controls (
  id text primary key,
  kind text not null,
  target jsonb not null,
  by text not null,
  why text not null,
  at bigint not null,
  expires bigint not null
);

create table hookkeeper_journal (
  n bigint primary key,
  at bigint not null,
  by text not null,
  action text not null,
  verdict text not null,
  why text not null,
  data text not null,
  hash text not null
);

create table hookkeeper_locks (
  name text primary key,
  holder text not null,
  fence bigint not null,
  expires bigint not null
);

-- What onceIn() writes when the business data live in this database.
create table if not exists hookkeeper_effects (
  key text primary key,
  at timestamptz not null default now()
);

-- Arrival within a bucket.
do $$ begin
  for bucket in 0..15 loop
    execute format('create sequence hookkeeper_arrivals_%s cache 1', bucket);
  end loop;
  if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
    alter table hookkeeper_bodies alter column body set compression lz4;
  else
    alter table hookkeeper_bodies alter column body set storage external;
  end if;
end $$;
