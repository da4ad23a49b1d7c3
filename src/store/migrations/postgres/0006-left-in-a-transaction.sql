-- The store's half of a user's own transaction. In a function each connection plans it once, by whatever client and pooler it
-- comes: planned anew for each event it cost more than all else that the ledger does for one.
create function hookkeeper_leave(of_bucket int, of_n bigint, of_fence bigint, of_moment bigint)
returns setof hookkeeper_queue
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare gone hookkeeper_queue;
begin
  delete from hookkeeper_queue q
  where q.bucket = of_bucket and q.n = of_n and q.state = 1 and q.fence = of_fence and q.ends > of_moment
  returning * into gone;
  if not found then return; end if;
  insert into hookkeeper_news (bucket, n, day) values (gone.bucket, gone.n, gone.day);
  return next gone;
end $$;
