-- All of the store's half of a user's own transaction, planned once by each connection. What is left for a client to ask is one row
-- into a small table, whose number every driver tells; with the history's it cost half as much again. hookkeeper_leave serves the
-- programs of before.
create function hookkeeper_settle(of_bucket int, of_n bigint, of_fence bigint, of_moment bigint)
returns table (bucket int, n bigint, day int)
language plpgsql
set enable_seqscan = off
as $$
declare gone hookkeeper_queue;
begin
  delete from hookkeeper_queue q
  where q.bucket = of_bucket and q.n = of_n and q.state = 1 and q.fence = of_fence and q.ends > of_moment
  returning * into gone;
  if not found then return; end if;
  -- The line's number cannot meet another of the same transaction: no event is done twice in one.
  insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, release, reason, data)
  values (gone.day, gone.bucket, gone.n, gone.n * 16 + gone.bucket, 2, of_moment, gone.fence, gone.attempts, gone.release, 'worked',
    case when gone.memory is not null then '{"memory":' || gone.memory || '}' end);
  return query select gone.bucket, gone.n, gone.day;
end $$;
