"""The programs Gatehouse is measured against. They read plain tables in the schema `bench`, without a second wall."""
