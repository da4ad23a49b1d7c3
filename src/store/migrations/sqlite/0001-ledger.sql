-- Bodies are written once and never touched: updating the row that holds a body would write it again.
create table hookkeeper_bodies (
  seq integer primary key,
  body blob not null
);

-- One row per id for as long as Stripe could send it again, brought up to `mark('keys')` in sorted batches. Ids begin with a
-- time-like part, so a batch touches few pages.
create table hookkeeper_seen (
  id text not null,
  tenant integer not null,
  seq integer not null,
  primary key (id, tenant)
) without rowid;

-- Strings that recur (types, endpoints, versions, workers, releases, reasons), and the tenants.
create table hookkeeper_names (
  id integer primary key,
  name text not null unique
);
create table hookkeeper_tenants (
  id integer primary key,
  account text not null,
  connected text not null, -- '' for our own account
  livemode integer not null,
  unique (account, connected, livemode)
);

-- What is known of an event. The columns from `state` on are a projection of the log, brought up to `mark('log')`.
create table hookkeeper_events (
  seq integer primary key,
  id text not null,
  type integer not null,
  tenant integer not null,
  api_version integer,
  endpoint integer not null,
  via integer not null,
  created integer not null,  -- ms
  received integer not null, -- ms
  lane text not null,
  object text,
  customer text,
  rank integer not null,
  urgency integer not null,
  prior integer not null,    -- the event of the same object that came before; 0: none
  state integer not null,    -- 0 waiting, 1 running, 2 done, 3 dead
  held integer not null,     -- 1: until a person releases it
  strict integer not null,   -- 1: while it is not settled its lane waits
  attempts integer not null,
  lost integer not null,
  due integer not null,
  later integer not null,
  fence integer not null,
  ended integer,
  reason integer,
  release integer,
  twin text
);
create index hookkeeper_events_open on hookkeeper_events (seq) where state < 2;
create index hookkeeper_events_dead on hookkeeper_events (seq) where state = 3;

-- Append-only: what happened to whom, in the order in which it was committed. It decides; `hookkeeper_events` follows.
create table hookkeeper_log (
  n integer primary key,
  seq integer not null,
  kind integer not null,
  at integer not null,
  fence integer not null,
  attempt integer,
  lost integer,
  due integer,
  later integer,
  worker integer,
  release integer,
  reason integer,
  data text
);
-- The log by event, written in sorted batches with the projection.
create table hookkeeper_timeline (
  seq integer not null,
  n integer not null,
  primary key (seq, n)
) without rowid;

-- Finding by type, lane and customer (objects have chains). The day of arrival leads, so that a batch touches one day's pages only.
create table hookkeeper_keys (
  day integer not null,
  key integer not null, -- 36-bit hash of the type, of whom the lane is about, or of the customer
  seq integer not null,
  primary key (day, key, seq)
) without rowid;

-- One row per Stripe object: the lane it keeps, its last event, and how far it has been done.
create table hookkeeper_objects (
  object text not null,
  tenant integer not null,
  lane text not null,
  last integer not null,         -- seq
  last_created integer not null, -- ms
  done_position integer not null,
  primary key (object, tenant)
) without rowid;

create table hookkeeper_strays (
  id integer primary key,
  at integer not null,
  source text not null,
  why text not null,
  bytes blob not null
);

create table hookkeeper_marks (
  name text primary key,
  value integer not null
) without rowid;

create table hookkeeper_controls (
  id text primary key,
  kind text not null,
  target text not null,
  by text not null,
  why text not null,
  at integer not null,
  expires integer not null
) without rowid;

create table hookkeeper_journal (
  n integer primary key,
  at integer not null,
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
  fence integer not null,
  expires integer not null
) without rowid;

-- What onceIn() writes when the business data live in this file.
create table hookkeeper_effects (
  key text primary key,
  at integer not null
) without rowid;
