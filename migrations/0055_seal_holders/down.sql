DROP TABLE seal_canaries, seal_policies, seal_keys;
