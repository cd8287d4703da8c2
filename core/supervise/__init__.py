"""`zhian up`: one parent that starts web, worker, scheduler and the private Valkey, keeps them alive and stops them."""
