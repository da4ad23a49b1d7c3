-- What is dead has an end; a lease changes the state but no end. An index that asked for the state made each lease write into
-- every index of the queue.
create index hookkeeper_queue_ended on hookkeeper_queue (born, arrived) where ended is not null;
drop index hookkeeper_queue_dead;
