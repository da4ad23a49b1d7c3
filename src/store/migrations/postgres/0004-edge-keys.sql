-- Keys of the vault, one a day, wrapped by a master key that is elsewhere. To delete one is to destroy all that was sealed with it.
create table hookkeeper_edge_keys (
  day int primary key,           -- days since 1970, UTC
  id text not null unique,
  wrapped text not null,
  made bigint not null           -- ms
);
