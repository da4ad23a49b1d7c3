-- Which release leased events of which stretch of the ledger (256 by `seq`). An index by release would cost each settle a page;
-- this costs one row for hundreds of leases, and what a release handled is found without walking everybody else's.
create table hookkeeper_stretches (
  release integer not null,
  stretch integer not null,
  primary key (release, stretch)
) without rowid;

insert or ignore into hookkeeper_stretches (release, stretch)
  select release, seq / 256 from hookkeeper_events where release is not null order by seq;
-- What the log has beyond the tables.
insert or ignore into hookkeeper_stretches (release, stretch)
  select release, seq / 256 from hookkeeper_log
  where n > coalesce((select value from hookkeeper_marks where name = 'log'), 0) and release is not null;
