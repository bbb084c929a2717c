DROP TABLE deposits, written_reports, contracts, awards, candidate_lists;
