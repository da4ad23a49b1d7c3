create table if not exists paid (event text primary key, cents integer not null);
