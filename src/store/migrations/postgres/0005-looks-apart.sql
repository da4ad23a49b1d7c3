-- An event is looked up by (bucket, n). An index that begins with the bucket as it is looked as good to a planner that knows
-- nothing of the table yet, or saw it while it was almost empty: then each lease and each settle read its whole bucket.
create index hookkeeper_queue_since on hookkeeper_queue ((bucket::int8), tx);
drop index hookkeeper_queue_news;
