-- What lists sort by when nothing else is asked for; see Trend.cs. 0: nobody has asked for it yet.
alter table hub_repo add column trend bigint not null default 0;
create index hub_repo_trend on hub_repo (type, trend, downloads);
