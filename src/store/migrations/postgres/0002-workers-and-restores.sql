-- Workers that live, as they last said themselves.
create table hookkeeper_workers (
  name text primary key,
  release text not null,
  handles jsonb not null,
  started bigint not null,       -- ms
  until bigint not null
);

-- Back-ups that were put back: what was made before such a start is held when it comes.
create table hookkeeper_restores (
  back bigint primary key,       -- the instant of the back-up, ms
  at bigint not null,
  held int not null
);
