DROP TABLE bid_receipts, bid_ciphertexts, bids;
