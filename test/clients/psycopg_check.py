"""What psycopg 3 must be able to do with our server; prints ok. Run by psycopg.test.ts."""

import os
import threading
from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg import errors
from psycopg.types.json import Jsonb

SECRET = {"user": os.environ["SECRET_USER"], "password": os.environ["SECRET_PASSWORD"]}


def connections() -> None:
    with psycopg.connect() as conn:
        conn.execute(f"create role {SECRET['user']} login password '{SECRET['password']}'")
    for sslmode in ("disable", "require"):
        for options in ({}, SECRET):
            with psycopg.connect(sslmode=sslmode, **options) as conn:
                assert conn.pgconn.ssl_in_use == (sslmode == "require")
                (user,) = conn.execute("select current_user").fetchone()
                assert user == options.get("user", "postgres"), user
        try:
            psycopg.connect(sslmode=sslmode, user=SECRET["user"], password="wrong")
        except psycopg.OperationalError as error:
            assert "password authentication failed" in str(error), error
        else:
            raise AssertionError("a wrong password was let in")


def parameters(conn: psycopg.Connection) -> None:
    values = (
        7,
        2**40,
        1.5,
        Decimal("12345678901234567890.123450"),
        "grüße\n",
        b"\x00\x01\xff",
        date(2024, 2, 29),
        datetime(2024, 2, 29, 12, 30, 0, 123456, timezone.utc),
        UUID("12345678-1234-5678-1234-567812345678"),
        True,
        [1, None, 3],
        Jsonb({"a": [1, 2]}),
        None,
    )
    types = "int4 int8 float8 numeric text bytea date timestamptz uuid bool int4[] jsonb text".split()
    formats = {"text": "%t", "binary": "%b"}
    for binary in (False, True):
        for placeholder in formats.values():
            items = ", ".join(f"{placeholder}::{name}" for name in types)
            row = conn.execute(f"select {items}", values, binary=binary).fetchone()
            want = [value.obj if isinstance(value, Jsonb) else value for value in values]
            assert list(row) == want, (binary, placeholder, row)


def transactions(conn: psycopg.Connection) -> None:
    with conn.transaction():
        conn.execute("create table item (id int primary key, name text, price numeric)")
        with conn.cursor() as cur:
            cur.executemany("insert into item values (%s, %s, %s)", [(i, f"n{i}", Decimal(i) / 4) for i in range(10)])
    try:
        with conn.transaction():
            conn.execute("delete from item")
            raise KeyError
    except KeyError:
        pass
    with conn.transaction():
        conn.execute("delete from item where id = 9")
        try:
            with conn.transaction():
                conn.execute("insert into item values (1, 'again', 0)")
        except errors.UniqueViolation as error:
            assert error.sqlstate == "23505"
            assert error.diag.constraint_name == "item_pkey"
    assert conn.execute("select count(*), sum(price) from item").fetchone() == (9, Decimal(9))
    with conn.pipeline():
        cursors = [conn.execute("select name from item where id = %s", (i,)) for i in range(5)]
    assert [cur.fetchone()[0] for cur in cursors] == [f"n{i}" for i in range(5)]
    with conn.transaction(), conn.cursor("named") as cur:
        cur.execute("select id from item order by id")
        assert [row[0] for row in cur.fetchmany(4)] == [0, 1, 2, 3]


def copy(conn: psycopg.Connection) -> None:
    conn.execute("create table copied (id int, name text)")
    rows = [(1, "a\tb"), (2, None), (3, "\\.")]
    for form in ("text", "binary"):
        with conn.cursor() as cur:
            with cur.copy(f"copy copied from stdin (format {form})") as out:
                out.set_types(["int4", "text"])
                for row in rows:
                    out.write_row(row)
            assert cur.rowcount == 3, cur.rowcount
            with cur.copy(f"copy (select * from copied order by id) to stdout (format {form})") as into:
                into.set_types(["int4", "text"])
                assert list(into.rows()) == rows
            conn.execute("truncate copied")


def cancelling(conn: psycopg.Connection) -> None:
    pid = conn.info.backend_pid

    def cancel() -> None:
        with psycopg.connect(autocommit=True) as other:
            query = "select 1 from pg_stat_activity where pid = %s and query like '%%pg_sleep%%' and state = 'active'"
            while other.execute(query, (pid,)).fetchone() is None:
                pass
        conn.cancel_safe()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        conn.execute("select pg_sleep(600)")
    except errors.QueryCanceled as error:
        assert error.sqlstate == "57014"
    else:
        raise AssertionError("the query was not cancelled")
    finally:
        thread.join()
    assert conn.execute("select 1").fetchone() == (1,)


connections()
for mode in ("disable", "require"):
    with psycopg.connect(sslmode=mode, autocommit=True) as connection:
        connection.execute("drop table if exists item, copied")
        parameters(connection)
        transactions(connection)
        copy(connection)
        cancelling(connection)
print("ok")
