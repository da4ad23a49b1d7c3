-- Bodies lie where they were first written: in segments, files beside this one that only grow. Null: the body is in
-- `hookkeeper_bodies`, because nothing but this file was there to write to, or because it outlived its segment.
alter table hookkeeper_events add column place integer; -- segment x 2^32 + byte

-- The segments that hold bodies of events. One goes with the last body in it that is past retention; what has to stay longer
-- moves into `hookkeeper_bodies` first.
create table hookkeeper_segments (
  number integer primary key,
  first integer not null -- the first event in it
);
