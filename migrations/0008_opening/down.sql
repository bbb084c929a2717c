DROP TABLE opened_bids, opening_shares, openings;
