-- A connection that a member keeps for as long as it lives: where it is gone and the member says nothing more, the others need not
-- wait until they think so of its silence. Null: a pooler stands between, or it keeps none.
alter table hookkeeper_members add column pid int, add column session timestamptz;
