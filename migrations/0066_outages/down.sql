DROP TABLE outage_postponements;
