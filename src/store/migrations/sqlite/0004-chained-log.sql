-- Each line of the log names the one before it of the same event, and the event's row the last: an event's history is found along
-- that chain. An index by event, in a table of its own, cost two rows for each event that was worked.
alter table hookkeeper_log add column prev integer;
alter table hookkeeper_events add column last integer;

update hookkeeper_log set prev = chain.prev
  from (select n, lag(n) over (partition by seq order by n) as prev from hookkeeper_log) as chain
  where chain.n = hookkeeper_log.n and chain.prev is not null;
update hookkeeper_events set last = chain.n
  from (select seq, max(n) as n from hookkeeper_timeline group by seq) as chain
  where chain.seq = hookkeeper_events.seq;

drop table hookkeeper_timeline;
