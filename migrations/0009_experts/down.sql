DROP TABLE committee_seats, draws, experts;
