"""Private servers for the tests: PostgreSQL, Redis, NGINX with the module, the click worker.

Every server listens on a free loopback port, keeps its files below COUPON_SCRATCH, is started
by the test run and stopped by process id.
"""
