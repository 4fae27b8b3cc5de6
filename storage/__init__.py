"""PostgreSQL and Redis connections, transactions, migrations, the embedded servers. Knows no domain word."""
